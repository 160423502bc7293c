use std::fmt::Write as _;

use serde_json::Value;

use crate::plan::stand_in;
use crate::table::absent;
use crate::{Nft, NftError, Plan, TableName, flight};

/// The chains of a table that is there.
#[derive(Debug, Default)]
struct Found {
    is_there: bool,
    /// Those that the kernel calls.
    bases: Vec<String>,
}

impl Found {
    fn is_in_force(&self) -> bool {
        !self.bases.is_empty()
    }
}

impl Nft {
    /// Puts a plan in force, whatever was in the table before: all of it or nothing.
    ///
    /// A table that goes takes the elements of its maps from packets that are in flight in it. So nothing leads to a table any more when it
    /// goes: where one is in force, another of the same rules as the new one stands in first, and judges alone while the table is replaced.
    /// Whoever dies meanwhile leaves the old table, the one that stands in, or both in force, and the next replacement goes on from there.
    ///
    /// # Errors
    ///
    /// If the program can't be run, or refuses; then the table is as it was, or the one that stands in for it is in force with the plan's
    /// rules.
    pub async fn replace(&self, plan: &Plan) -> Result<(), NftError> {
        let (name, other) = (&plan.table.name, stand_in(&plan.table.name));
        let [table, mut beside] = self.found([name, &other]).await?;
        if table.is_in_force() {
            if beside.is_there {
                // Somebody died before the table was let go: what both allow stays allowed.
                self.retire(&other, &beside).await?;
            }
            self.script(&plan.stand_in()).await?;
            [beside] = self.found([&other]).await?;
            flight::landed().await;
            self.let_go(name, &table).await?;
        }
        self.script(&plan.replacement()).await?;
        if beside.is_there {
            flight::landed().await;
            self.retire(&other, &beside).await?;
        }
        Ok(())
    }

    /// Takes the table away, if it is there, with what may stand in for it, and nothing else.
    ///
    /// # Errors
    ///
    /// If the program can't be run, or refuses.
    pub async fn uninstall(&self, table: &TableName) -> Result<(), NftError> {
        let (name, other) = (table.as_str(), stand_in(table.as_str()));
        let [table, beside] = self.found([name, &other]).await?;
        self.retire(name, &table).await?;
        self.retire(&other, &beside).await
    }

    /// Takes a table away in which no packet is cut off.
    async fn retire(&self, name: &str, found: &Found) -> Result<(), NftError> {
        self.let_go(name, found).await?;
        self.script(&absent(name)).await
    }

    /// Takes the chains away that the kernel calls, and waits until no packet is in those that they lead to.
    async fn let_go(&self, name: &str, found: &Found) -> Result<(), NftError> {
        if !found.is_in_force() {
            return Ok(());
        }
        let mut script = String::new();
        for chain in &found.bases {
            let _ = writeln!(script, "flush chain inet {name} {chain}\ndelete chain inet {name} {chain}");
        }
        self.script(&script).await?;
        flight::landed().await;
        Ok(())
    }

    /// What there is of tables with these names.
    async fn found<const N: usize>(&self, names: [&str; N]) -> Result<[Found; N], NftError> {
        let objects = self.list(&["chains", "inet"]).await?;
        Ok(names.map(|name| {
            let mut found = Found::default();
            for chain in objects.iter().filter_map(|object| object.get("chain")) {
                if chain.get("table").and_then(Value::as_str) == Some(name) {
                    found.is_there = true;
                    let base = chain.get("hook").and(chain.get("name")).and_then(Value::as_str);
                    found.bases.extend(base.map(str::to_owned));
                }
            }
            found
        }))
    }
}
