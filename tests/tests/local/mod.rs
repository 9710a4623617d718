//! The embedded cloud as a program on somebody's machine: what reaches its ports, and its folder.

pub(crate) mod backup;
pub(crate) mod loops;
pub(crate) mod own_ports;
pub(crate) mod pages;
