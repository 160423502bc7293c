//! Volumes by which pods come to a node's files without saying so.

use ringwall_model::Severity;

use super::details::{short, signal};
use super::kinds::{NOTHING, ringwall};
use super::{Look, host_paths, is_made};
use crate::body::{PersistentVolume, Written, read};
use crate::finding::Kind;

pub(super) static SENSITIVE_VOLUME: Kind = ringwall(
    "Persistence:Kubernetes/Ringwall.SensitivePersistentVolume",
    Severity::High,
    "A PersistentVolume was made of a sensitive folder of the nodes",
    "Delete it, and whatever claims it. Pod Security Standards don't see through a claim: let nobody but storage drivers make PersistentVolumes.",
    NOTHING,
);

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    if !act.verb.makes() {
        return;
    }
    let written = Written::of(act);
    let path = written.pieces().filter_map(read::<PersistentVolume<'_>>).find_map(|volume| {
        let spec = volume.spec.get()?;
        let folder = spec.host_path.get().or(spec.local.get())?;
        Some(host_paths::normal(folder.path.text()))
    });
    let Some(path) = path.filter(|path| host_paths::danger(path).is_some()) else { return };
    if !look.memory.is_new_danger(("volume", act.name, &path)) && !is_made(act) {
        return;
    }
    let description = format!(
        "`{}` made the PersistentVolume `{}` of {} of the nodes",
        act.username(),
        act.name,
        short(&path)
    );
    let signal = signal(&SENSITIVE_VOLUME, act, look.place, &format!("{}/{path}", act.name), description);
    look.tell(signal);
}
