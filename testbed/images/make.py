"""Makes OCI layouts of Debian's packages and of lock files. Nothing is fetched but packages, by apt.

    make.py FOLDER

FOLDER/debian is an image of four layers: Debian's packages, an update of some and files of projects, what hides a part of that, and
links. FOLDER/installed is one of Alpine's database and of what the managers of languages install.
"""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
# Small ones that have what matters: several packages of one source, epochs, Python's metadata owned by a package.
BASE = ["base-files", "libc6", "zlib1g", "libssl3", "openssl", "passwd", "perl-base", "python3-six", "tzdata", "libacl1"]
MORE = ["bash", "libtinfo6", "python3-idna"]
TIME = 1735689600


def download(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if not list(folder.glob(f"{name}_*.deb"))]
    if missing:
        subprocess.run(["apt-get", "download", "-qq", *missing], cwd=folder, check=True)
    return [next(folder.glob(f"{name}_*.deb")) for name in names]


def control(deb):
    """The package's paragraph, as dpkg's database has it."""
    text = subprocess.run(["dpkg-deb", "--field", deb], check=True, capture_output=True, text=True).stdout
    lines = text.strip().split("\n")
    return "\n".join([lines[0], "Status: install ok installed", *lines[1:]]) + "\n"


def field(paragraph, name):
    return next(line.split(": ", 1)[1] for line in paragraph.split("\n") if line.startswith(name + ": "))


class Layer:
    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.GNU_FORMAT)

    def add(self, name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o644):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.mode, info.mtime = kind, link, mode, TIME
        data = data.encode() if isinstance(data, str) else data
        info.size = len(data)
        self.tar.addfile(info, io.BytesIO(data))

    def link(self, name, target):
        self.add(name, kind=tarfile.SYMTYPE, link=target, mode=0o777)

    def unpack(self, deb):
        """The files of a package, with usr-merge: what is for /lib goes to /usr/lib. Returns their names."""
        data = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
        names = []
        with tarfile.open(fileobj=io.BytesIO(data)) as package:
            for member in package:
                name = member.name.removeprefix("./")
                names.append("/" + name if name not in ("", ".") else "/.")
                if name.split("/")[0] in ("bin", "sbin", "lib", "lib64"):
                    name = "usr/" + name
                if member.isdir() or name in ("", "."):
                    continue
                if member.isfile():
                    self.add(name, package.extractfile(member).read(), mode=member.mode)
                elif member.issym():
                    self.link(name, member.linkname)
                elif member.islnk():
                    self.add(name, kind=tarfile.LNKTYPE, link=member.linkname.removeprefix("./"))
        return names

    def install(self, debs):
        for deb in debs:
            paragraph = control(deb)
            names = self.unpack(deb)
            package = field(paragraph, "Package")
            if "Multi-Arch: same" in paragraph:
                package += ":" + field(paragraph, "Architecture")
            self.add(f"var/lib/dpkg/info/{package}.list", "\n".join(names) + "\n")

    def end(self):
        self.tar.close()
        return self.bytes.getvalue()


def status(debs):
    return "\n".join(control(deb) for deb in debs)


def layout(folder, layers):
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def blob(media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    diff_ids = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]
    config = {"os": "linux", "architecture": "amd64", "created": "2025-01-01T00:00:00Z",
              "rootfs": {"type": "layers", "diff_ids": diff_ids}, "config": {}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("application/vnd.oci.image.config.v1+json", json.dumps(config).encode()),
        "layers": [blob("application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(layer, 6, mtime=0)) for layer in layers],
    }
    index = {"schemaVersion": 2, "manifests": [blob(manifest["mediaType"], json.dumps(manifest).encode())]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


APK = """C:Q1n8Lr0kqzN7B4nXvZQv3dTjPzVUY=
P:musl
V:1.2.5-r0
A:x86_64
S:390000
I:650000
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teräs <timo.teras@iki.fi>
F:lib
R:ld-musl-x86_64.so.1

C:Q1u8Lr0kqzN7B4nXvZQv3dTjPzVUY=
P:ssl_client
V:1.36.1-r29
A:x86_64
S:4900
I:28000
T:External ssl_client for busybox wget
U:https://busybox.net/
L:GPL-2.0-only
o:busybox
m:Sören Tempel <soeren+alpine@soeren-tempel.net>

"""


def jar(group, name, version, inner=()):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        place = f"META-INF/maven/{group}/{name}/pom.properties"
        archive.writestr(place, f"groupId={group}\nartifactId={name}\nversion={version}\n")
        for path, content in inner:
            archive.writestr(path, content)
    return data.getvalue()


def installed():
    layer = Layer()
    layer.add("etc/os-release", 'ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n')
    layer.add("lib/apk/db/installed", APK)
    layer.add("app/node_modules/lodash/package.json", '{"name": "lodash", "version": "4.17.20", "license": "MIT"}')
    layer.add("app/node_modules/@types/node/package.json", '{"name": "@types/node", "version": "20.11.5"}')
    layer.add("app/node_modules/lodash/test/fixture/package.json", '{"name": "fixture"}')
    metadata = "Metadata-Version: 2.1\nName: {}\nVersion: {}\nLicense: MIT\n"
    packages = "usr/lib/python3.12/site-packages"
    layer.add(f"{packages}/Flask-2.0.1.dist-info/METADATA", metadata.format("Flask", "2.0.1"))
    layer.add(f"{packages}/zope.interface-5.4.0.dist-info/METADATA", metadata.format("zope.interface", "5.4.0"))
    inner = jar("org.example", "inner", "2.0", [("lib/deep.jar", jar("org.example", "deep", "3.0"))])
    layer.add("opt/outer.war", jar("org.example", "outer", "1.0", [("WEB-INF/lib/inner-2.0.jar", inner)]))
    layer.add("usr/lib/ruby/gems/3.2.0/specifications/rack-2.2.2.gemspec",
              'Gem::Specification.new do |s|\n  s.name = "rack".freeze\n  s.version = "2.2.2"\nend\n')
    layer.add("var/www/vendor/composer/installed.json",
              '{"packages": [{"name": "monolog/monolog", "version": "2.1.0"}]}')
    layer.add("srv/app/app.deps.json", json.dumps({
        "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0"},
        "targets": {".NETCoreApp,Version=v8.0": {"app/1.0.0": {"runtime": {"app.dll": {}}},
                                                  "Newtonsoft.Json/12.0.3": {"runtime": {"lib/Newtonsoft.Json.dll": {}}}}},
        "libraries": {"app/1.0.0": {"type": "project"}, "Newtonsoft.Json/12.0.3": {"type": "package"}}}))
    return layer.end()


def projects():
    return sorted(path for path in (HERE / "files").rglob("*") if path.is_file())


def main(out):
    debs = download(out / "debs", BASE)
    more = download(out / "debs", MORE)
    base = Layer()
    for folder in ("bin", "sbin", "lib", "lib64"):
        base.link(folder, f"usr/{folder}")
    base.install(debs)
    base.add("var/lib/dpkg/status", status(debs))
    app = Layer()
    app.install(more)
    app.add("var/lib/dpkg/status", status(debs + more))
    for path in projects():
        app.add(f"srv/{path.relative_to(HERE / 'files')}", path.read_bytes())
        app.add(f"gone/{path.relative_to(HERE / 'files')}", path.read_bytes())
    hides = Layer()
    hides.add(".wh.gone")
    hides.add("srv/hidden/.wh..wh..opq")
    # A package is removed.
    kept = [deb for deb in debs + more if not deb.name.startswith("perl-base_")]
    hides.add("var/lib/dpkg/status", status(kept))
    hides.add("var/lib/dpkg/info/.wh.perl-base.list")
    links = Layer()
    links.add("lib/linked", "written through a link\n")
    links.link("srv/loop", "loop")
    layout(out / "installed", [installed()])
    layout(out / "debian", [layer.end() for layer in (base, app, hides, links)])


main(Path(sys.argv[1]))
