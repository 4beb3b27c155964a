//! The charts of these tests, which hold every construct, rendered by the real helm and by us.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

use support::{Call, charts, check, helm_is_there};

/// Each line: a chart and flags, behind `!` where it is refused.
const CALLS: &str = "
constructs
constructs --include-crds
constructs --no-hooks
constructs --skip-tests --is-upgrade
constructs --kube-version 1.30
constructs --kube-version v1.31.2-gke.1 --api-versions example.com/v1/Thing
! constructs --kube-version 1.19
! constructs --kube-version x
constructs --show-only templates/values.yaml
constructs --show-only templates/*.yaml --show-only templates/tests/test.yaml
! constructs --show-only templates/none.yaml
constructs --show-only crds/crd.yaml --include-crds
constructs --set text=other,nested.deep.deeper=null,list[1]=9
constructs --set template=plain --set-string int=08080 --set big=12345678
constructs --set map=null --set nested=null --set kubeVersion=1
! constructs --set-json nested={\"deep\":{\"deeper\":[1,2.5]}} --set-literal text=a,b=c
umbrella
umbrella --include-crds
umbrella --set tags.extra=false
umbrella --set tags.more=true,second.enabled=false
umbrella --set second.enabled=null,global.second=false
umbrella --set second.enabled=text,global.second=true
umbrella --set off.enabled=true
umbrella --set child.grand.enabled=false --set second.grand.level=x
umbrella --set child.table=null,child.list=null,global.only=null
umbrella --set global.shared.one=null,global.shared.deep.x=7
umbrella --set global.gone=null,child.name=null,second=null
! umbrella --set child=text
umbrella --set global=text
umbrella --set child.table=text,own=1
umbrella --set child.global.shared=text --set second.global.only.x=1
umbrella --set child.exports.data.own=user,imported.here=1
umbrella --set-json child.exports=null
umbrella --set unlisted.x=1 --show-only charts/child/charts/grand/templates/values.yaml
old
old --set dep.on=false
old --set dep.v=null
schema
! schema --set port=0,mode=c
! schema --set name=A,port=1.5
! schema --set name=null
! schema --set-json list=[1,1,\"x\"] --set extra=1
! schema --set one=true --set-json any={}
! schema --set ref=1 --set sub.n=x
! schema --set-json ref={} --set sub=1
! schema --set-json ref={\"k\":1} --set c=4 --set-json not=null
! schema --set port=70000,name=abc123 --set-string c=5
schema --set port=x --skip-schema-validation
";

#[test]
fn every_construct() {
    if !helm_is_there() {
        return;
    }
    for line in CALLS.lines().filter(|l| !l.is_empty()) {
        let (line, refused) = line.strip_prefix("! ").map_or((line, false), |rest| (rest, true));
        let (name, flags) = line.split_once(' ').unwrap_or((line, ""));
        let rendered = check(&charts().join(name), &Call::of(flags));
        assert_eq!(rendered, !refused, "{line}: whether it renders");
    }
}

#[test]
fn an_archive_is_the_same_chart() {
    for name in ["old", "umbrella"] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("chart.tgz");
        let out = std::fs::File::create(&file).unwrap();
        let mut tar =
            tar::Builder::new(flate2::write::GzEncoder::new(out, flate2::Compression::fast()));
        tar.append_dir_all(name, charts().join(name)).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        let call = Call::of("--include-crds");
        let (packed, unpacked) =
            (support::ours(&file, &call), support::ours(&charts().join(name), &call));
        assert_eq!(packed.unwrap(), unpacked.unwrap());
        if helm_is_there() {
            assert!(check(&file, &call));
        }
    }
}
