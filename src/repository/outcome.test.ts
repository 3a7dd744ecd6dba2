import { expect, test } from "vitest";
import { classify, isFinal, listen, toFailure } from "./outcome.ts";

const speech = { shown: "s3:host/b", hide: (text: string) => text.replaceAll("secret", "***") };

/** Texts of restic 0.19.1, as it wrote them. */
test.each([
  ["disk-full", "Save(<data/5523b6bb>) failed: write /r/data/55/5523-tmp: no space left on device"],
  ["repository-exists", "create repository at /r failed: config file already exists"],
  ["credentials-unreadable", "Resolving password failed: Fatal: /nope does not exist"],
  [
    "credentials-unreadable",
    "unable to open repository at s3:http://h/b: s3.getCredentials: no credentials found. Use `-o ...`",
  ],
  ["snapshot-not-found", 'failed to find snapshot: no matching ID found for prefix "deadbeef"'],
  ["snapshot-not-found", 'cannot dump file: path "/nofile" not found in snapshot'],
  ["repository-absent", "Stat: The specified bucket does not exist."],
  [
    "damaged",
    "cannot dump file: decrypting blob <data/02bab55e> from pack 5523 failed: ciphertext verification failed",
  ],
  ["damaged", "id eefebefe967526c4 not found in repository"],
  ["damaged", "cannot dump file: ReadFull(<data/e90da29248>): file is too short"],
  ["damaged", "failed to find snapshot: failed to load snapshot d8: LoadRaw(<snapshot/d87d>): invalid data returned"],
  [
    "repository-unreachable",
    'Stat: Get "http://127.0.0.1:18901/b/?location=": dial tcp 127.0.0.1:18901: connect: connection refused',
  ],
  ["repository-unreachable", "unexpected HTTP response (401): 401 Unauthorized"],
  [
    "repository-unreachable",
    'Head "https://h/config": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  ["repository-unreachable", 'Head "https://***@h/config": http: server gave HTTP response to HTTPS client'],
  [
    "repository-unreachable",
    "Stat: The request signature we calculated does not match the signature you provided. Check your key.",
  ],
  ["repository-unreachable", "Stat: No user exists with the provided access key ID."],
  [undefined, "something new"],
])("%s: %s", (code, text) => {
  expect(classify(text)).toBe(code);
});

test.each([
  ["Stat: The specified bucket does not exist.", true],
  ["Stat: Access Denied.", true],
  ["tls: failed to verify certificate: x509: certificate has expired", true],
  ["stat /r/file/config: not a directory", true],
  ["dial tcp 127.0.0.1:1: connect: connection refused", false],
  ["something new", false],
])("worth no second try: %s: %s", (text, expected) => {
  expect(isFinal(text)).toBe(expected);
});

function heard(...lines: string[]) {
  const ear = listen();
  for (const line of lines) ear.hear(line);
  return ear.said;
}

test("tells restic's kinds of lines apart", () => {
  const said = heard(
    'Ignoring "x": no matching ID found',
    '{"message_type":"error","error":{"message":"open /x: permission denied"},"during":"archival","item":"/x"}',
    '{"message_type":"error","message":"pack 55: does not exist\\n"}',
    '{"message_type":"exit_error","code":1,"message":"Fatal: Fatal: it is broken"}',
    "{no json",
    "",
  );
  expect(said).toEqual({
    fatal: "it is broken",
    errors: ["/x: open /x: permission denied", "pack 55: does not exist"],
    remarks: ['Ignoring "x": no matching ID found', "{no json"],
  });
});

test.each([
  [10, "repository-absent", "listing: there is no repository at s3:host/b"],
  [11, "repository-locked", "listing: a ***; b"],
  [12, "password-wrong", "listing: a ***; b"],
  [130, "interrupted", "listing: a ***; b"],
  [1, "repository-failed", "listing: a ***; b"],
])("exit status %d is %s", (exitCode, code, message) => {
  const said = heard(JSON.stringify({ message_type: "exit_error", code: exitCode, message: "Fatal: a secret\nb" }));
  expect(toFailure("listing", { exitCode, killedBy: undefined, said }, speech)).toMatchObject({ code, message });
});

test("an old restic's words do without JSON, and single errors tell the cause", () => {
  const old = heard("Fatal: wrong password or no key found");
  expect(toFailure("x", { exitCode: 1, killedBy: undefined, said: old }, speech).code).toBe("password-wrong");
  const many = heard(
    '{"message_type":"error","message":"write /r/secret: no space left on device"}',
    '{"message_type":"exit_error","code":1,"message":"Fatal: there were errors"}',
  );
  expect(toFailure("x", { exitCode: 1, killedBy: undefined, said: many }, speech)).toMatchObject({
    code: "disk-full",
    details: { exitCode: 1, errors: ["write /r/***: no space left on device"] },
  });
});
