//! What a commit says of itself, and what differs between two.

use gix::ObjectId;
use gix::objs::tree::EntryKind as Mode;
use gix::objs::{CommitRef, Kind};

use crate::answers::RevisionMetadata;
use crate::objects::{Item, ObjectError, Objects};

/// Bytes of a commit that are read.
pub(crate) const COMMIT: u64 = 4 << 20;

/// Author, date and message of the commit `id`; its tags are filled in by the caller.
pub(crate) fn metadata(objects: &Objects, id: &ObjectId) -> Result<RevisionMetadata, ObjectError> {
    objects.read(id, COMMIT, |kind, data| {
        if kind != Kind::Commit {
            return Err(ObjectError::Damaged(format!("object {id} is no commit")));
        }
        let wrong = |e: gix::Error| ObjectError::Damaged(format!("commit {id}: {e}"));
        let commit = CommitRef::from_bytes(data, gix::hash::Kind::Sha1).map_err(wrong)?;
        let author = commit.author().map_err(wrong)?;
        let signature = commit.extra_headers().pgp_signature();
        Ok(RevisionMetadata {
            author: format!("{} <{}>", author.name, author.email),
            date: author.time().map(|t| t.seconds).unwrap_or_default(),
            message: commit.message.to_string().trim().to_owned(),
            tags: Vec::new(),
            signature: signature.map(ToString::to_string),
        })
    })?
}

/// Paths of the files that differ between two root directories, sorted; at most `limit` of them.
pub(crate) fn changes(
    objects: &Objects,
    from: &ObjectId,
    to: &ObjectId,
    limit: usize,
) -> Result<Vec<String>, ObjectError> {
    let mut out = Vec::new();
    compare(objects, Some(*from), Some(*to), "", limit, &mut out)?;
    out.sort();
    Ok(out)
}

fn compare(
    objects: &Objects,
    from: Option<ObjectId>,
    to: Option<ObjectId>,
    at: &str,
    limit: usize,
    out: &mut Vec<String>,
) -> Result<(), ObjectError> {
    if from == to {
        return Ok(());
    }
    let listing = |id: Option<ObjectId>| match id {
        Some(id) => objects.listing(&id).map(|l| l.to_vec()),
        None => Ok(Vec::new()),
    };
    let (old, new) = (listing(from)?, listing(to)?);
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let order = match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) => a.name.cmp(&b.name),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        let left = order.is_le().then(|| &old[i]);
        let right = order.is_ge().then(|| &new[j]);
        i += usize::from(left.is_some());
        j += usize::from(right.is_some());
        let Some(name) = left.or(right).map(|item| &item.name) else { break };
        let path = if at.is_empty() { name.to_string() } else { format!("{at}/{name}") };
        let directory = |item: Option<&Item>| item.filter(|i| i.mode == Mode::Tree).map(|i| i.id);
        let leaf = |item: Option<&Item>| {
            item.filter(|i| i.mode != Mode::Tree).map(|i| (i.mode as u16, i.id))
        };
        if leaf(left) != leaf(right) {
            out.push(path.clone());
        }
        compare(objects, directory(left), directory(right), &path, limit, out)?;
        if out.len() >= limit {
            out.truncate(limit);
            break;
        }
    }
    Ok(())
}
