//! What a server stands on breaks and comes back, and a server has company (O3, O4, O6).

mod cluster;
mod disk;
