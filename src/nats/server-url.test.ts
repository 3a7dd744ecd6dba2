import { expect, test } from "vitest";
import { parseServerUrls } from "./server-url.ts";

test.each([
  ["localhost", { hostPort: "localhost:4222", host: "localhost", tls: false, login: undefined }],
  ["nats://h:1", { hostPort: "h:1", host: "h", tls: false, login: undefined }],
  ["tls://[::1]:5", { hostPort: "[::1]:5", host: "::1", tls: true, login: undefined }],
  ["nats://u:p%40%2F@h", { hostPort: "h:4222", host: "h", tls: false, login: { user: "u", password: "p@/" } }],
  ["nats://token@h", { hostPort: "h:4222", host: "h", tls: false, login: { user: "token", password: undefined } }],
  ["nats://u:100%@h", { hostPort: "h:4222", host: "h", tls: false, login: { user: "u", password: "100%" } }],
])("%s", (text, expected) => {
  expect(parseServerUrls([text])).toEqual([expected]);
});

test("one text may hold several", () => {
  expect(parseServerUrls(["a:1, b:2", "c:3"]).map(({ hostPort }) => hostPort)).toEqual(["a:1", "b:2", "c:3"]);
});

test.each(["nats://h:99999", "http://h", "ws://h", "nats://", "nats://user:secret@:x", ","])(
  "%s is refused",
  (text) => {
    expect(() => parseServerUrls([text])).toThrow(
      expect.objectContaining({ code: "usage", message: expect.not.stringContaining("secret") }),
    );
  },
);
