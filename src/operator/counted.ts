import type { Cluster } from "../kube/cluster.ts";
import type { Registry } from "../metrics/registry.ts";

/** The same cluster, with every request counted in the operator's own figures. A request that is sent again is one. */
export function countedCluster(cluster: Cluster, metrics: Pick<Registry, "add">): Cluster {
  const count = (verb: string, resource: string) => metrics.add("coldstream_api_requests_total", { verb, resource });
  return {
    server: cluster.server,
    async get(resource, key, waiting) {
      count("get", resource.plural);
      return await cluster.get(resource, key, waiting);
    },
    async list(resource, where, waiting) {
      count("list", resource.plural);
      return await cluster.list(resource, where, waiting);
    },
    async create(resource, draft, waiting) {
      count("create", resource.plural);
      return await cluster.create(resource, draft, waiting);
    },
    async replace(resource, object, waiting) {
      count("update", resource.plural);
      return await cluster.replace(resource, object, waiting);
    },
    async replaceStatus(resource, object, waiting) {
      count("update", `${resource.plural}/status`);
      return await cluster.replaceStatus(resource, object, waiting);
    },
    async patch(resource, key, options) {
      count("patch", options.subresource === undefined ? resource.plural : `${resource.plural}/${options.subresource}`);
      return await cluster.patch(resource, key, options);
    },
    async remove(resource, key, options) {
      count("delete", resource.plural);
      return await cluster.remove(resource, key, options);
    },
    watch(resource, where, options) {
      count("watch", resource.plural);
      return cluster.watch(resource, where, options);
    },
    async log(pod, options) {
      count("get", "pods/log");
      return await cluster.log(pod, options);
    },
    async request(request, waiting) {
      count(request.method.toLowerCase(), "other");
      return await cluster.request(request, waiting);
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
