//! The same queries by Ballista: a scheduler that plans, executors that read.
//!
//! Ballista's calls are neither encrypted nor does it ask who calls: whoever reaches its ports reads what its executors read. It
//! belongs into a network of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::extension::{SessionConfigExt as _, SessionStateExt as _};
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::HuntError;
use crate::limits::Limits;
use crate::tables::{config, runtime};

fn wrong(error: impl std::fmt::Display) -> HuntError {
    HuntError::Ballista(error.to_string())
}

fn ballista_config() -> SessionConfig {
    config(SessionConfig::new_with_ballista())
}

fn state(limits: &Limits, config: SessionConfig) -> datafusion::error::Result<SessionState> {
    let state = default_session_builder(config)?;
    Ok(SessionStateBuilder::new_from_existing(state).with_runtime_env(runtime(limits)?).build())
}

/// A place for queries that a scheduler at `HOST:PORT` has carried out.
///
/// # Errors
///
/// The address is none.
pub fn context(scheduler: &str, limits: &Limits) -> Result<SessionContext, HuntError> {
    let state = state(limits, ballista_config())?.upgrade_for_ballista(format!("http://{scheduler}"))?;
    Ok(SessionContext::new_with_state(state))
}

/// Plans queries and gives them to executors, until the process ends.
///
/// # Errors
///
/// It can't listen.
pub async fn scheduler(listen: SocketAddr, limits: Limits) -> Result<(), HuntError> {
    let settings = SchedulerConfig {
        bind_host: listen.ip().to_string(),
        external_host: listen.ip().to_string(),
        bind_port: listen.port(),
        scheduling_policy: TaskSchedulingPolicy::PushStaged,
        task_distribution: TaskDistributionPolicy::RoundRobin,
        override_config_producer: Some(Arc::new(ballista_config)),
        override_session_builder: Some(Arc::new(move |config| state(&limits, config))),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&settings).await.map_err(wrong)?;
    start_server(cluster, listen, Arc::new(settings)).await.map_err(wrong)
}

/// Reads files for a scheduler, until the process is told to end. Its second port is the one after the first.
///
/// # Errors
///
/// It can't listen, or the scheduler does not answer.
pub async fn executor(
    scheduler: SocketAddr,
    listen: SocketAddr,
    folder: &Path,
    limits: Limits,
) -> Result<(), HuntError> {
    let settings = ExecutorProcessConfig {
        bind_host: listen.ip().to_string(),
        external_host: Some(listen.ip().to_string()),
        port: listen.port(),
        grpc_port: listen.port().saturating_add(1),
        scheduler_host: scheduler.ip().to_string(),
        scheduler_port: scheduler.port(),
        scheduler_connect_timeout_seconds: 30,
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        work_dir: Some(folder.display().to_string()),
        memory_pool_size: Some(limits.memory as u64),
        override_config_producer: Some(Arc::new(ballista_config)),
        override_runtime_producer: Some(Arc::new(move |_| runtime(&limits))),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(settings)).await.map_err(wrong)
}
