import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { contextToRead, type NatsLayer, natsLayerOfVariables, resolveNats } from "./nats-settings.ts";

interface Given {
  readonly options?: NatsLayer;
  readonly variables?: Readonly<Record<string, string>>;
  readonly profile?: NatsLayer;
  readonly context?: NatsLayer;
}

function resolve({ options = {}, variables = {}, profile = {}, context }: Given) {
  const sources = { options, variables: natsLayerOfVariables({ variables }), profile };
  return resolveNats(sources, context === undefined ? undefined : { name: "prod", layer: context });
}

describe("the server is that of", () => {
  test.each<[string, Given, readonly string[]]>([
    ["the default", {}, ["nats://127.0.0.1:4222"]],
    ["the profile", { profile: { server: "p" } }, ["p"]],
    ["the variable before the profile", { variables: { NATS_URL: "v" }, profile: { server: "p" } }, ["v"]],
    ["the option before the variable", { options: { server: "o" }, variables: { NATS_URL: "v" } }, ["o"]],
    ["the selected context", { context: { server: "c" } }, ["c"]],
    [
      "the context of an option before the variable",
      { options: { context: "prod" }, variables: { NATS_URL: "v" }, context: { server: "c" } },
      ["c"],
    ],
    [
      "the variable before its context",
      { variables: { NATS_URL: "v", NATS_CONTEXT: "prod" }, context: { server: "c" } },
      ["v"],
    ],
    [
      "the context of a profile after the variable",
      { variables: { NATS_URL: "v" }, profile: { context: "prod" }, context: { server: "c" } },
      ["v"],
    ],
    ["a list", { options: { server: "a, b,,c" } }, ["a", "b", "c"]],
  ])("%s", (_title, given, servers) => expect(resolve(given).servers).toEqual(servers));
});

describe("the context to read is", () => {
  test.each<[string, Given, unknown]>([
    ["the selected one when nothing names a server", {}, { name: undefined }],
    ["none when a server is named: credentials stay with their server", { variables: { NATS_URL: "v" } }, undefined],
    ["none when the profile names a server", { profile: { server: "p" } }, undefined],
    [
      "the option's before the variable's",
      { options: { context: "a" }, variables: { NATS_CONTEXT: "b" } },
      { name: "a" },
    ],
    ["a named one, also when a server is named", { options: { context: "a", server: "o" } }, { name: "a" }],
    ["the profile's", { profile: { context: "p" } }, { name: "p" }],
  ])("%s", (_title, { options = {}, variables = {}, profile = {} }, expected) =>
    expect(contextToRead({ options, variables: natsLayerOfVariables({ variables }), profile })).toEqual(expected),
  );
});

describe("who we are comes from one source:", () => {
  test.each<[string, Given, unknown]>([
    ["nobody", {}, { kind: "none" }],
    [
      "an option before a variable",
      { options: { creds: { file: "a" } }, variables: { NATS_CREDS: "b" } },
      { kind: "creds", source: { file: "a" } },
    ],
    [
      "an option hides a variable of another kind",
      { options: { token: "t" }, variables: { NATS_USER: "u", NATS_PASSWORD: "p" } },
      { kind: "token", token: "t" },
    ],
    [
      "user and password",
      { variables: { NATS_USER: "u", NATS_PASSWORD: "p" } },
      { kind: "user", user: "u", password: "p" },
    ],
    ["a user alone is a token, as for the nats CLI", { options: { user: "u" } }, { kind: "token", token: "u" }],
    ["an nkey", { variables: { NATS_NKEY: "f" } }, { kind: "nkey", source: { file: "f" } }],
    [
      "a URL with a user hides later sources",
      { options: { server: "nats://u:p@x" }, variables: { NATS_CREDS: "b" } },
      { kind: "none" },
    ],
    [
      "a context",
      { options: { context: "prod" }, context: { creds: { text: "c" } } },
      { kind: "creds", source: { text: "c" } },
    ],
  ])("%s", (_title, given, login) => expect(resolve(given).login).toEqual(login));

  test.each<[string, Given]>([
    ["two kinds at once", { options: { creds: { file: "a" }, token: "t" } }],
    ["a password without a user", { variables: { NATS_PASSWORD: "p" } }],
    ["a certificate without its key", { options: { tlscert: { file: "a" } } }],
    ["a timeout without a unit", { variables: { NATS_TIMEOUT: "5" } }],
  ])("%s is wrong use", (_title, given) => {
    expect(() => resolve(given)).toThrow(Failure);
  });
});

test("everything else is taken field by field", () =>
  expect(
    resolve({
      options: { tlsca: { file: "o-ca" }, timeout: 1000 },
      variables: { NATS_CERT: "v-cert", NATS_KEY: "v-key", NATS_CA: "v-ca", NATS_TIMEOUT: "2s" },
      profile: { tlsfirst: true, jsDomain: "hub", jsApiPrefix: "x.API", inboxPrefix: "_I" },
      context: { jsDomain: "leaf" },
    }),
  ).toMatchObject({
    tls: { cert: { file: "v-cert" }, key: { file: "v-key" }, ca: { file: "o-ca" }, first: true },
    timeoutMs: 1000,
    jsDomain: "hub",
    jsApiPrefix: "x.API",
    inboxPrefix: "_I",
    context: "prod",
  }));
