//! Functions behind a table's stream.

use std::future::Future;
use std::sync::Arc;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::json;

use crate::aws::AwsService;
use crate::{Context, Invocable, StartError};

/// A function that handles the changes of a table.
pub trait StreamFunction: Sized + Send + Sync + 'static {
    /// Why a batch failed.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads the settings and makes the clients, once.
    fn new(context: &Context) -> Result<Self, StartError>;

    /// Handles a batch of changes. After an error Lambda delivers the same batch again.
    fn handle(
        &self,
        records: Vec<EventRecord>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Serves `F` in Lambda until it is shut down.
pub async fn run<F: StreamFunction>() -> Result<(), lambda_runtime::Error> {
    let function = Context::start(&[AwsService::DynamoDb, AwsService::Sqs], F::new).await?;
    let function = &function;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Event>| {
        // Boxed, because the futures of the SDK nest almost as deeply as the compiler follows.
        Box::pin(function.handle(event.payload.records)).await?;
        Ok::<_, lambda_runtime::Error>(json!({}))
    }))
    .await
}

/// `F`, to be invoked with a batch of changes.
pub fn invocable<F: StreamFunction>(context: &Context) -> Result<Invocable, StartError> {
    let function = Arc::new(F::new(context)?);
    Ok(Arc::new(move |event| {
        let function = Arc::clone(&function);
        Box::pin(async move {
            let event: Event = serde_json::from_value(event)?;
            function.handle(event.records).await?;
            Ok(json!({}))
        })
    }))
}
