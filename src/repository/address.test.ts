import { expect, test } from "vitest";
import { readAddress } from "./address.ts";

const network = (host: string, port: number, encrypted: boolean) => ({ kind: "network", host, port, encrypted });
const elsewhere = { kind: "elsewhere" };

test.each<[string, object, Record<string, string>?]>([
  ["/srv/backups", { kind: "folder", path: "/srv/backups" }],
  ["local:/srv/backups", { kind: "folder", path: "/srv/backups" }],
  ["s3:http://minio:9000/b/p", network("minio", 9000, false)],
  ["s3:https://minio/b", network("minio", 443, true)],
  ["s3:s3.eu-1.amazonaws.com/b/p", network("s3.eu-1.amazonaws.com", 443, true)],
  ["s3://minio:9000/b", network("minio", 9000, true)],
  ["rest:http://[::1]:8000/x", network("::1", 8000, false)],
  ["rest:https://jo:pw@host/x", network("host", 443, true)],
  ["gs:bucket:/x", network("storage.googleapis.com", 443, true)],
  ["b2:bucket:/x", network("api.backblazeb2.com", 443, true)],
  ["azure:c:/x", network("acc.blob.core.windows.net", 443, true), { AZURE_ACCOUNT_NAME: "acc" }],
  ["azure:c:/x", elsewhere],
  ["swift:c:/x", network("keystone", 5000, false), { OS_AUTH_URL: "http://keystone:5000/v3" }],
  ["swift:c:/x", elsewhere],
  ["sftp:jo@host:/x", elsewhere],
  ["rclone:remote:x", elsewhere],
])("%s: where a knock goes", (url, place, env = {}) => {
  expect(readAddress(url, env).place).toEqual(place);
});

test.each([
  ["rest:http://jo:p%40ss@host:8000/x", "rest:http://host:8000/x", ["p%40ss", "p@ss"]],
  ["rest:http://jo:p@ss@host/x", "rest:http://host/x", ["p@ss", "p@ss"]],
  ["rest:https://jo@host/x", "rest:https://host/x", []],
  ["s3:http://host/a@b", "s3:http://host/a@b", []],
  ["sftp://jo@host:22/x", "sftp://jo@host:22/x", []],
  ["/srv/a:b@c", "/srv/a:b@c", []],
])("%s is shown without its user", (url, shown, secrets) => {
  const address = readAddress(url, {});
  expect(address).toMatchObject({ url, shown, secrets });
});

test("a relative folder becomes absolute: restic is run in other folders", () => {
  expect(readAddress("repo", {}).url).toBe(`${process.cwd()}/repo`);
});

test.each([[""], ["a\nb"]])("refuses %j", (url) => {
  expect(() => readAddress(url, {})).toThrow(expect.objectContaining({ code: "configuration-invalid" }));
});
