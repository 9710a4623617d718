//! Live updates: tickets, sequences, and waiting for a change.

mod sequence;
mod tickets;
mod wait;
