//! What came of an application's objects: the tree of their children.

use std::collections::HashSet;
use std::sync::Arc;

use windlass_object::ResourceKey;

use crate::decode::Uid;
use crate::store::{Node, Store};

/// An object in the tree.
pub struct TreeNode {
    /// The object.
    pub node: Arc<Node>,
    /// The object that it is a child of; of roots none.
    pub parent: Option<ResourceKey>,
    /// Whether it belongs to no application although its namespace does.
    pub orphaned: bool,
}

/// Most objects in one tree: a bound on what one application can cost.
const NODES: usize = 50_000;

/// The tree over some roots, parents before their children. An object with several owners appears
/// once.
pub(crate) fn tree(store: &Store, roots: Vec<Arc<Node>>, orphaned: bool) -> Vec<TreeNode> {
    let mut seen: HashSet<Uid> = HashSet::new();
    let mut nodes: Vec<TreeNode> = roots
        .into_iter()
        .filter(|node| seen.insert(node.uid))
        .map(|node| TreeNode { node, parent: None, orphaned })
        .collect();
    let mut next = 0;
    while next < nodes.len() && nodes.len() < NODES {
        let parent = nodes[next].node.clone();
        for node in store.children(&parent) {
            if seen.insert(node.uid) {
                nodes.push(TreeNode { node, parent: Some(parent.key()), orphaned });
            }
        }
        next += 1;
    }
    nodes
}
