//! The tests of the whole: every function by its sample events, the API over HTTP, the job from
//! text to webhook, what it costs, and what breaks on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod api_cancel;
mod api_download;
mod api_errors;
mod api_idempotency;
mod api_list;
mod breaker;
mod budgets;
mod cold_start;
mod deliver_fairness;
mod deliver_faults;
mod deliver_health;
mod deliver_many;
mod deliver_receivers;
mod deliver_rotation;
mod delivery;
mod description;
mod early_webhooks;
mod endpoint_events;
mod endpoint_faults;
mod endpoint_secrets;
mod endpoints;
mod events;
mod faults;
mod flows;
mod guide;
mod inbound;
mod permissions;
mod project_polling;
mod projects_api;
mod projects_budgets;
mod projects_faults;
mod projects_files;
mod projects_film;
mod projects_forged;
mod projects_life;
mod projects_odd;
mod projects_services;
mod projects_storm;
mod rate_limit;
mod replays;
mod template;
mod webhooks;
mod whole_job;
