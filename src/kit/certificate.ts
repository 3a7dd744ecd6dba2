// before the library: its dependency injection asks for it when it is loaded
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

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

/** For what is good from now on: also by a clock that is set back later, which may have been ahead by much. */
export const longSince = new Date("2000-01-01T00:00:00Z");

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A key and a certificate that vouches for itself. */
export async function makeSelfSigned(request: CertificateRequest): Promise<Certificate> {
  return await selfSigned(request, [namesOf(request)]);
}

/** A key and a certificate that may vouch for others (`makeSigned`), but not for other authorities. */
export async function makeAuthority({
  name,
  notBefore,
  notAfter,
}: Omit<CertificateRequest, "hosts" | "addresses">): Promise<Certificate> {
  return await selfSigned({ name, hosts: [], addresses: [], notBefore, notAfter }, [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
  ]);
}

export interface SignedRequest extends CertificateRequest {
  /** Whom it is shown to. */
  readonly usage: "server" | "client";
}

/** A key and a certificate that the authority vouches for. */
export async function makeSigned(authority: Certificate, request: SignedRequest): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const der = Buffer.from(authority.key.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const usage = request.usage === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const hasNames = request.hosts.length + request.addresses.length > 0;
  const made = await X509CertificateGenerator.create({
    subject: [{ CN: [request.name] }],
    issuer: new X509Certificate(authority.certificate).subjectName,
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      ...(hasNames ? [namesOf(request)] : []),
    ],
  });
  return { certificate: made.toString("pem"), key: pem(await crypto.subtle.exportKey("pkcs8", keys.privateKey)) };
}

async function selfSigned(request: CertificateRequest, extensions: Extension[]): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [request.name] }],
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions,
  });
  return { certificate: made.toString("pem"), key: pem(await crypto.subtle.exportKey("pkcs8", keys.privateKey)) };
}

function namesOf({ hosts, addresses }: CertificateRequest): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension([
    ...hosts.map((value) => ({ type: "dns" as const, value })),
    ...addresses.map((value) => ({ type: "ip" as const, value })),
  ]);
}

function pem(bytes: ArrayBuffer): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n");
}
