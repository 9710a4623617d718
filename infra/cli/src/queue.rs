//! Messages that were given up, and jobs to be looked at.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::JobId;
use queues::Queue;
use queues::message::Reconcile;

use crate::CliError;

/// Has SQS move everything in the dead-letter queue at `url` back to its source.
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
        .map_err(CliError::sqs("start to move the messages"))?;
    eprintln!("SQS is moving the messages back; their functions take them up as they come.");
    Ok(())
}

/// Has `reconcile` look at a job, and go on looking until it has ended.
pub(crate) async fn check(aws: &SdkConfig, queue: String, job_id: JobId) -> Result<(), CliError> {
    let message = Reconcile { job_id, round: Some(0), begun_at: None, abandoned_task: None };
    Queue::new(aws, queue).send(&message, Duration::ZERO).await?;
    eprintln!("The job will be looked at within seconds.");
    Ok(())
}
