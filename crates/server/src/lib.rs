//! HTTP: webhooks, metrics, probes.
