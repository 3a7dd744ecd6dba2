// before the library: its dependency injection asks for it when it is loaded
import "reflect-metadata";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

export interface CertificateRequest {
  /** The common name. */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** PEM texts. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A key and a certificate that vouches for itself. */
export async function makeSelfSigned(request: CertificateRequest): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const names = new SubjectAlternativeNameExtension([
    ...request.hosts.map((value) => ({ type: "dns" as const, value })),
    ...request.addresses.map((value) => ({ type: "ip" as const, value })),
  ]);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [request.name] }],
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [names],
  });
  return { certificate: made.toString("pem"), key: pem(await crypto.subtle.exportKey("pkcs8", keys.privateKey)) };
}

function pem(bytes: ArrayBuffer): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n");
}
