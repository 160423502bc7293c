//! What files are read by, whichever scheme their URLs have.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreRegistry;
use object_store::ObjectStore;
use ringwall_lake::{Visible, store_of};
use url::Url;

/// Stores that show the lake as it is read: without what was replaced, and not to be written. They are made when they are needed, as
/// the environment says.
#[derive(Debug, Default)]
pub struct Stores(RwLock<HashMap<String, Arc<dyn ObjectStore>>>);

/// The scheme and the host: a bucket has a store of its own.
fn key(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default())
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key(url), store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let key = key(url);
        if let Some(store) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(store));
        }
        let store = store_of(url.scheme(), url.host_str().unwrap_or_default());
        let store = store.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let store: Arc<dyn ObjectStore> = Arc::new(Visible::of(store));
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&store));
        Ok(store)
    }
}
