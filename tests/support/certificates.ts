import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** PEM texts, and the files that hold them. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Authority extends Disposable {
  /** Its own certificate. */
  readonly certificate: string;
  readonly certificateFile: string;
  issue(name: string, purpose: { readonly hosts: readonly string[] } | "client"): Issued;
}

/** An authority as cert-manager makes one; its files are in a temporary folder until it is disposed of. */
export function openAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "coldstream-certificates-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=nats-ca");
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  return {
    certificate: read("ca.pem"),
    certificateFile: join(folder, "ca.pem"),
    issue(name, purpose) {
      const names = purpose === "client" ? [] : purpose.hosts.map((host) => `DNS:${host}`);
      const extension = purpose === "client" ? "extendedKeyUsage=clientAuth" : `subjectAltName=${names.join(",")}`;
      writeFileSync(join(folder, `${name}.ext`), extension);
      openssl("req", ...curve, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
      openssl("x509", "-req", "-in", `${name}.csr`, ...signer, "-extfile", `${name}.ext`, "-out", `${name}.pem`);
      const [certificateFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
      return { certificate: read(`${name}.pem`), key: read(`${name}.key`), certificateFile, keyFile };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
