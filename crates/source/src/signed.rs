//! Commits and tags with their signatures, for somebody to verify.

use std::collections::HashSet;
use std::sync::Arc;

use gix::objs::{CommitRef, Kind};

use crate::address::Address;
use crate::answers::Resolved;
use crate::commit::COMMIT;
use crate::objects::{ObjectError, Objects};
use crate::sources::{parse_id, unreadable};
use crate::{Repository, SourceError, Sources};

/// Commits of a history that are looked at.
const HISTORY: usize = 20_000;

/// What somebody may have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedObject {
    /// The tag's name, or the commit.
    pub name: String,
    /// Who made it, as Argo CD shows it: `Name <address>` of a commit's author.
    pub by: String,
    /// What a signature is of.
    pub payload: Vec<u8>,
    /// The signature as text; it may be one of OpenPGP, SSH or X.509.
    pub signature: Option<String>,
    /// A commit's parents.
    pub parents: Vec<String>,
    /// The message.
    pub message: String,
}

impl Sources {
    /// What was resolved, as it is signed: the annotated tag if it was named by one, else the commit.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn signed(
        &self,
        repository: &Repository,
        resolved: &Resolved,
    ) -> Result<SignedObject, SourceError> {
        let tag = match &resolved.reference {
            Some(name) if name.starts_with("refs/tags/") => {
                let refs = self.refs(repository).await?;
                let is_of = refs.peeled.get(name) == Some(&resolved.commit);
                refs.objects.get(name).filter(|_| is_of).cloned()
            }
            _ => None,
        };
        let wanted = tag.unwrap_or_else(|| resolved.commit.clone());
        let (objects, _) = self.ensure(repository, &wanted).await?;
        let read = move || read(&objects, &wanted);
        self.shared.blocking(repository, read).await?.map_err(|e| unreadable(repository, &e))
    }

    /// A commit and all that came before it, it first. What is not there yet is fetched.
    ///
    /// # Errors
    /// Any [`SourceError`]; a history of more than 20,000 commits is one.
    pub async fn history(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> Result<Vec<SignedObject>, SourceError> {
        let (objects, _) = self.ensure(repository, commit).await?;
        if let Some(all) = self.walk(repository, objects, commit).await? {
            return Ok(all);
        }
        let incomplete = |why: &str| SourceError::StorageFailed {
            url: repository.shown(),
            why: format!("the history of {commit} {why}"),
        };
        if matches!(Address::parse(&repository.url)?, Address::File { .. }) {
            return Err(incomplete("is not all there: the repository is a shallow clone"));
        }
        let mirror = self.mirror(repository);
        let refs = self.refs(repository).await?;
        self.fetch(repository, &mirror, commit.to_owned(), refs, true).await?;
        let objects = self.shared.objects(repository, &mirror).await?;
        let all = self.walk(repository, objects, commit).await?;
        all.ok_or_else(|| incomplete("cannot be fetched"))
    }

    /// None when a part is not there.
    async fn walk(
        &self,
        repository: &Repository,
        objects: Arc<Objects>,
        commit: &str,
    ) -> Result<Option<Vec<SignedObject>>, SourceError> {
        let commit = commit.to_owned();
        let walk = move || {
            let mut seen = HashSet::from([commit.clone()]);
            let mut waiting = vec![commit];
            let mut all = Vec::new();
            while let Some(next) = waiting.pop() {
                if !objects.contains(&parse_id(&next)?) {
                    return Ok(None);
                }
                if all.len() >= HISTORY {
                    return Err(ObjectError::Damaged(format!(
                        "the history has more than {HISTORY} commits, too many to look at"
                    )));
                }
                let found = read(&objects, &next)?;
                waiting.extend(found.parents.iter().filter(|p| seen.insert((*p).clone())).cloned());
                all.push(found);
            }
            Ok(Some(all))
        };
        let walked = self.shared.blocking(repository, walk).await?;
        walked.map_err(|e| unreadable(repository, &e))
    }
}

fn read(objects: &Objects, id: &str) -> Result<SignedObject, ObjectError> {
    objects.read(&parse_id(id)?, COMMIT, |kind, data| match kind {
        Kind::Commit => commit(id, data),
        Kind::Tag => Ok(tag(id, data)),
        _ => Err(ObjectError::Damaged(format!("object {id} is no commit and no tag"))),
    })?
}

fn commit(id: &str, data: &[u8]) -> Result<SignedObject, ObjectError> {
    let wrong = |e: gix::Error| ObjectError::Damaged(format!("commit {id}: {e}"));
    let commit = CommitRef::from_bytes(data, gix::hash::Kind::Sha1).map_err(wrong)?;
    let author = commit.author().map_err(wrong)?;
    Ok(SignedObject {
        name: id.to_owned(),
        by: format!("{} <{}>", author.name, author.email),
        payload: without_signatures(data),
        signature: commit.extra_headers().pgp_signature().map(ToString::to_string),
        parents: commit.parents().map(|parent| parent.to_string()).collect(),
        message: commit.message.to_string(),
    })
}

/// A commit without the headers in which its signatures are.
fn without_signatures(data: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(data.len());
    let (mut in_head, mut skipping) = (true, false);
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        if in_head {
            in_head = line != b"\n";
            skipping = if line.starts_with(b" ") {
                skipping
            } else {
                line.starts_with(b"gpgsig ") || line.starts_with(b"gpgsig-sha256 ")
            };
            if skipping {
                continue;
            }
        }
        kept.extend_from_slice(line);
    }
    kept
}

/// A tag, whose signature is the end of its message.
fn tag(id: &str, data: &[u8]) -> SignedObject {
    let text = String::from_utf8_lossy(data);
    let header = |name: &str| {
        let head = text.split("\n\n").next().unwrap_or_default();
        head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
    };
    let tagger = header("tagger ");
    let end = tagger.rfind('>').map_or(tagger.len(), |at| at + 1);
    let by = match tagger[..end].split_once(" <") {
        // In the way in which Argo CD asks git for it.
        Some((name, address)) => format!("{name} \"<{address}\""),
        None => tagger.clone(),
    };
    let mut at = 0;
    let mut signature_at = None;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let holds = |word: &[u8]| line.windows(word.len()).any(|w| w == word);
        if line.starts_with(b"-----BEGIN ") && (holds(b" SIGNATURE") || holds(b" MESSAGE")) {
            signature_at = Some(at);
        }
        at += line.len();
    }
    let (payload, signature) = data.split_at(signature_at.unwrap_or(data.len()));
    let name = header("tag ");
    SignedObject {
        name: if name.is_empty() { id.to_owned() } else { name },
        by,
        payload: payload.to_vec(),
        signature: (!signature.is_empty()).then(|| String::from_utf8_lossy(signature).into_owned()),
        parents: Vec::new(),
        message: text.split_once("\n\n").map(|(_, message)| message.to_owned()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_signed_without_its_signature() {
        let data = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
            author A <a@b> 1767225600 +0000\ncommitter A <a@b> 1767225600 +0000\n\
            gpgsig -----BEGIN PGP SIGNATURE-----\n \n  x\n -----END PGP SIGNATURE-----\n\
            encoding latin1\n\ngpgsig is a word\n like this\n";
        let found = commit("1", data).unwrap();
        assert_eq!(
            found.payload,
            b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
            author A <a@b> 1767225600 +0000\ncommitter A <a@b> 1767225600 +0000\n\
            encoding latin1\n\ngpgsig is a word\n like this\n"
        );
        assert!(found.signature.unwrap().starts_with("-----BEGIN PGP SIGNATURE-----\n\n x\n"));
        assert_eq!(found.by, "A <a@b>");
    }

    #[test]
    fn a_tag_is_signed_up_to_its_signature() {
        let data = b"object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\n\
            tagger A B <a@b> 1767225600 +0000\n\nwords\n-----BEGIN PGP SIGNATURE-----\n\nx\n";
        let found = tag("1", data);
        assert_eq!((found.name.as_str(), found.by.as_str()), ("v1", "A B \"<a@b>\""));
        assert!(found.payload.ends_with(b"\n\nwords\n"));
        assert_eq!(found.signature.as_deref(), Some("-----BEGIN PGP SIGNATURE-----\n\nx\n"));
        assert_eq!(tag("1", b"object x\ntag v\n\nwords\n").signature, None);
    }
}
