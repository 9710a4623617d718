//! Redrive of dead-letter queues, and polls of jobs.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::JobId;
use queues::Queue;
use queues::message::Reconcile;

use crate::CliError;

/// Starts SQS's move of all messages in the dead-letter queue at `url` to their source.
pub(crate) async fn redrive(aws: &SdkConfig, url: &str) -> Result<(), CliError> {
    let sqs = Client::new(aws);
    let name = QueueAttributeName::QueueArn;
    let attributes =
        sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await;
    let attributes = attributes.map_err(CliError::sqs("read the queue"))?.attributes;
    let arn = attributes.and_then(|mut attributes| attributes.remove(&name));
    sqs.start_message_move_task()
        .set_source_arn(arn)
        .send()
        .await
        .map_err(CliError::sqs("start the move of the messages"))?;
    eprintln!("SQS is moving the messages back to their source queues.");
    Ok(())
}

/// Sends a poll of a job, which is repeated until the job ends.
pub(crate) async fn check(aws: &SdkConfig, queue: String, job_id: JobId) -> Result<(), CliError> {
    let message = Reconcile::of(job_id, Some(0));
    Queue::new(aws, queue).send(&message, Duration::ZERO).await?;
    eprintln!("The job's provider will be polled within seconds.");
    Ok(())
}
