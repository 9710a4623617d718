//! Turns under a limit that all instances share. One write takes several.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::Timestamp;
use domain::rate_window::{Lease, RateWindow};

use crate::expressions::Expressions;
use crate::item::{expiry, number, read};
use crate::keys::{self, EXPIRES_AT};
use crate::{Store, StoreError};

/// For how long a window is kept: its minute and the next one, in which it still counts.
const KEPT: std::time::Duration = std::time::Duration::from_mins(3);
/// How often a lease is tried when others take turns at the same time.
const TRIES: usize = 8;

impl Store {
    /// Takes at most `wish` of `limit` turns a minute for requests from `address` to `route`.
    /// `seen` is the window as it was last seen, if it was; then most leases are one write.
    pub async fn lease_turns(
        &self,
        (route, address): (&str, &str),
        seen: RateWindow,
        wish: u32,
        limit: u32,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        let mut seen = seen;
        for _ in 0..TRIES {
            let Lease::Had { turns, window } = seen.lease(wish, limit, now) else {
                return Ok(seen.lease(wish, limit, now));
            };
            match self.swap_window(route, address, seen, window, now).await? {
                None => return Ok(Lease::Had { turns, window }),
                Some(other) => seen = other,
            }
        }
        Err(StoreError::call("take a turn")("others take turns at the same time, again and again"))
    }

    /// Replaces the window, if it is as it was `seen`; otherwise says what it is.
    async fn swap_window(
        &self,
        route: &str,
        address: &str,
        seen: RateWindow,
        window: RateWindow,
        now: Timestamp,
    ) -> Result<Option<RateWindow>, StoreError> {
        let mut update = Expressions::default();
        update.set("minute", number(window.minute));
        update.set("taken", number(window.taken));
        update.set("before", number(window.before));
        update.set(EXPIRES_AT, expiry(now + KEPT));
        let (minute, taken) = (update.name("minute"), update.name("taken"));
        let (was, had) = (update.value(number(seen.minute)), update.value(number(seen.taken)));
        let mut condition = format!("({minute} = {was} AND {taken} = {had})");
        if seen == RateWindow::default() {
            condition.push_str(" OR attribute_not_exists(PK)");
        }
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::rate_window(route, address)))
            .update_expression(update.update())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(None),
            Err(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                // Without an item it has expired meanwhile: a window as new.
                Ok(Some(failed.item.map(read).transpose()?.unwrap_or_default()))
            }
            Err(error) => Err(StoreError::call("take a turn")(error)),
        }
    }
}
