//! Live updates in the table: tickets, connections and what they subscribe to.

mod connection;
mod subscription;
mod ticket;
mod watch;
