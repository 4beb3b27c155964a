//! What charts draw at random: who can make it change.

use windlass_argo::installation::SECRET;
use windlass_object::json;
use windlass_testkit::available;

use super::world::World;

/// The key as it is stored; nothing where it is not.
const KEY: &[&str] =
    &["get", "secret", SECRET, "--ignore-not-found", "-o", "jsonpath={.data.drawKey}"];

#[tokio::test(flavor = "multi_thread")]
async fn a_password_lasts_as_long_as_the_installation_key() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let mut world = World::start("draws").await;
    let demo = world.unique();
    let template = "apiVersion: v1\nkind: Secret\nmetadata: {name: drawn}\nstringData:\n  \
        password: {{ randAlphaNum 24 | quote }}\n";
    let commit = world.commit(&[
        ("app/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("app/templates/drawn.yaml", template),
    ]);
    world.create(&demo, "app", json!({"automated": {"selfHeal": true}}), true).await;
    let synced = |app: &serde_json::Value| {
        app["status"]["sync"]["status"] == "Synced" && app["status"]["sync"]["revision"] == commit
    };
    world.until(&demo, "delivered", synced).await;
    let password = |world: &World| {
        world.kubectl(&["get", "secret", "drawn", "-o", "jsonpath={.data.password}"])
    };
    let (first, key) = (password(&world), world.control(KEY));
    assert_eq!(key.len(), 44, "32 bytes");

    // Deleted while it runs: the same key comes back, and draws the same.
    world.control(&["delete", "secret", SECRET]);
    world.eventually("the key is back", || world.control(KEY) == key).await;
    world.refreshed(&demo).await;
    assert_eq!(password(&world), first);

    // A restart, without anything that was kept on the disk.
    world.restart(async |_| {}).await;
    world.refreshed(&demo).await;
    assert_eq!(password(&world), first);
    assert_eq!(world.control(KEY), key);

    // Another installation draws something else.
    world.restart(async |world| drop(world.control(&["delete", "secret", SECRET]))).await;
    world.eventually("drawn anew", || password(&world) != first).await;
    assert_ne!(world.control(KEY), key);
    world.delete(&demo).await;
    world.until_gone(&demo).await;
}
