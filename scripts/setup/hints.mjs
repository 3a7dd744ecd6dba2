import { existsSync, readFileSync } from "node:fs";

/** One line: how a person gets these programs on this operating system. */
export function installHint(names) {
  const list = names.join(" ");
  if (process.platform === "darwin") return `run: brew install ${list}`;
  if (process.platform === "win32") return "use WSL2";
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const like = /^ID=.*$|^ID_LIKE=.*$/gm;
  const ids = (release.match(like) ?? []).join(" ");
  if (/alpine/.test(ids)) return `run: apk add ${list}`;
  if (/arch/.test(ids)) return `run: pacman -S ${list}`;
  const elsewhere = "or take the programs from restic.net and nats.io and put them on the PATH";
  if (/debian|ubuntu/.test(ids)) return `run: apt-get install ${list} (Debian 13, Ubuntu 25.04 or newer), ${elsewhere}`;
  if (/fedora|rhel|centos/.test(ids) && names.includes("restic")) return `run: dnf install restic, ${elsewhere}`;
  return `install ${names.join(" and ")}: ${elsewhere.slice(3)}`;
}
