//! Delivery: compare, plan, sync, health.
