import { expect, test } from "vitest";
import { type Claims, issuer, readToken, signToken } from "./tokens.ts";

const key = Buffer.alloc(32, 1);
const claims: Claims = {
  ...{ iss: issuer, sub: "system:serviceaccount:demo:default", aud: [issuer], iat: 1000, exp: 2000 },
  "kubernetes.io": { namespace: "demo", serviceaccount: { name: "default", uid: "1" } },
};
const token = signToken(claims, key);
const forged = `${token.split(".")[0]}.${Buffer.from(JSON.stringify({ ...claims, exp: 9000 })).toString("base64url")}.${token.split(".")[2]}`;
const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1]}.`;

test.each([
  ["is good until it runs out", token, 1999, true],
  ["runs out", token, 2000, false],
  ["says what was signed", forged, 1500, false],
  ["is signed", none, 1500, false],
  ["is of this server", signToken(claims, Buffer.alloc(32, 2)), 1500, false],
  ["is for this server", signToken({ ...claims, aud: ["vault"] }, key), 1500, false],
  ["is a token", "x", 1500, false],
])("a token %s", (_title, given, seconds, isGood) => {
  expect(readToken(given, key, new Date(seconds * 1000))).toEqual(isGood ? claims : undefined);
});
