"""apt with lists, cache and state of its own in a private folder: no root, nothing of the system touched."""

import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from tagplatform.common.errors import Unavailable

TIMEOUT_SECONDS = 300
SILENCE_SECONDS = 20  # a network that swallows packets must not hold up the demo
VOCABULARY_MEMBER = "./usr/share/debtags/vocabulary"
KEPT_OPTIONS = ("Acquire::", "APT::Architecture", "APT::Default-Release")
DROPPED_OPTIONS = (
    "Acquire::Languages", "Acquire::IndexTargets", "Acquire::GzipIndexes", "Acquire::PDiffs", "Acquire::Retries",
)  # fmt: skip


class AptUnavailable(Unavailable):
    """apt, its sources or the network are missing; the sentence says which."""

    code = "no_debian_packages"


@dataclass(frozen=True)
class IndexFiles:
    """What apt has fetched."""

    packages: list[Path]
    translations: list[Path]


class PrivateApt:
    """One private folder; `languages` are those of the descriptions to fetch, as apt names them."""

    def __init__(self, folder: Path, languages: list[str]) -> None:
        self._folder = folder.resolve()
        self._languages = languages
        for tool in ("apt-get", "apt-config", "dpkg-deb"):
            if shutil.which(tool) is None:
                detail = _("This machine has no %(tool)s, so Debian's package descriptions cannot be fetched.")
                raise AptUnavailable(detail % {"tool": tool})
        self._prepare()

    def refresh(self) -> IndexFiles:
        """Fetch the lists of the system's own sources; AptUnavailable where none of them comes."""
        failure = self._run("apt-get", "update", "--error-on=any", check=False).stderr
        files = IndexFiles(self._index_files("Packages"), self._index_files("Translations"))
        if not files.packages:
            cause = _last_line(failure) or _("it has no sources")
            detail = _("apt brings no package lists (%(cause)s). Check its sources and the network, then try again.")
            raise AptUnavailable(detail % {"cause": cause})
        return files

    def debtags_vocabulary(self) -> list[str]:
        """Lines of the vocabulary file inside the package debtags, which is downloaded and not installed."""
        downloads = self._folder / "downloads"
        shutil.rmtree(downloads, ignore_errors=True)
        downloads.mkdir()
        self._run("apt-get", "download", "debtags", folder=downloads)
        package = next(downloads.glob("debtags_*.deb"), None)
        if package is None:
            raise AptUnavailable(_("apt brings no package “debtags”, which describes the tags."))
        return _member_text(package, VOCABULARY_MEMBER).splitlines(keepends=True)

    def _prepare(self) -> None:
        for name in ("lists/partial", "cache/archives/partial", "state", "no-parts"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        self._config_path.write_text("\n".join([*self._system_options(), *self._own_options()]) + "\n")

    @property
    def _config_path(self) -> Path:
        return self._folder / "apt.conf"

    def _system_options(self) -> list[str]:
        """The system's proxies, timeouts and architecture, without its hooks, which may delete or rewrite files."""
        dump = self._run("apt-config", "dump", private=False).stdout.splitlines()
        return [line for line in dump if line.startswith(KEPT_OPTIONS) and not line.startswith(DROPPED_OPTIONS)]

    def _own_options(self) -> list[str]:
        folders = {
            "Dir::State": "state",
            "Dir::State::Lists": "lists",
            "Dir::State::status": "status",
            "Dir::Cache": "cache",
            "Dir::Cache::archives": "cache/archives",
            "Dir::Etc::parts": "no-parts",
        }
        return [
            *(f'{name} "{self._folder / path}";' for name, path in folders.items()),
            'Dir::Etc::main "/dev/null";',
            'Dir::Cache::pkgcache "";',
            'Dir::Cache::srcpkgcache "";',
            'Acquire::GzipIndexes "false";',
            'Acquire::PDiffs "false";',
            'Acquire::Retries "1";',
            *(f'Acquire::{method}::Timeout "{SILENCE_SECONDS}";' for method in ("http", "https")),
            "Acquire::Languages { " + " ".join(f'"{language}";' for language in self._languages) + " };",
        ]

    def _index_files(self, kind: str) -> list[Path]:
        listed = self._run("apt-get", "indextargets", "--format", "$(FILENAME)", f"Created-By: {kind}").stdout
        return [path for line in listed.splitlines() if (path := Path(line)).is_file()]

    def _run(
        self, *command: str, check: bool = True, private: bool = True, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        environment |= {"APT_CONFIG": str(self._config_path)} if private else {}
        try:
            return subprocess.run(
                command,
                check=check,
                cwd=folder or self._folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            cause = _last_line(error.stderr) or str(error)
        except (OSError, subprocess.TimeoutExpired) as error:
            cause = str(error)
        detail = _("“%(command)s” failed: %(cause)s")
        raise AptUnavailable(detail % {"command": " ".join(command[:2]), "cause": cause})


def _last_line(text: str) -> str:
    """The last error of apt's, else its last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E:")]
    return (errors or lines or [""])[0][:300]


def _member_text(package: Path, member: str) -> str:
    """One file out of a .deb, without unpacking the others."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                for entry in archive:
                    if entry.name == member and (content := archive.extractfile(entry)) is not None:
                        return content.read().decode("utf-8")
        except tarfile.TarError as error:
            raise AptUnavailable(_("The package “debtags” cannot be read: %(cause)s") % {"cause": error}) from error
    raise AptUnavailable(_("The package “debtags” holds no vocabulary."))
