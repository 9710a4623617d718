//! Tickets, stored under their hash, each for one connection.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::Timestamp;
use domain::live::TicketRecord;
use signing::ticket::TicketHash;

use crate::item::{expiry, item, read};
use crate::keys::{self, EXPIRES_AT};
use crate::{Result, Store, StoreError};

impl Store {
    /// Saves a ticket's record.
    pub async fn put_ticket(&self, hash: &TicketHash, record: &TicketRecord) -> Result<()> {
        let mut item = item(keys::ticket(hash.as_str()), "ticket", record)?;
        item.insert(EXPIRES_AT.to_owned(), expiry(record.valid_until));
        self.put("save a ticket", item).await
    }

    /// Uses the ticket with this hash up, and returns its record if it was valid at `now`. DynamoDB
    /// gives what a delete has found to one caller alone.
    pub async fn use_ticket(
        &self,
        hash: &TicketHash,
        now: Timestamp,
    ) -> Result<Option<TicketRecord>> {
        let output = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::ticket(hash.as_str())))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(StoreError::call("use a ticket"))?;
        let record: Option<TicketRecord> = output.attributes.map(read).transpose()?;
        Ok(record.filter(|record| now < record.valid_until))
    }
}
