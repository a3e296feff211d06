/** The image, the compose file and the Kubernetes manifests, read as whoever deploys them would have them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export type Env = Readonly<Record<string, string>>;

/** Given wherever one is asked for. */
const PASSWORD = '0123456789abcdef';
/** What a pod learns of itself. */
const FROM_CLUSTER: Env = { FAIRSIEVE_REPLICA_NAME: 'fairsieve-0', FAIRSIEVE_WORKERS: '1' };

export interface ComposeService {
  readonly image: string;
  readonly user?: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Env;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: string;
  readonly networks: readonly string[];
  readonly stop_grace_period?: string;
  readonly deploy?: { readonly replicas: number };
}

export interface Compose {
  readonly services: Readonly<Record<'app' | 'redis' | 'nats' | 'haproxy', ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly EnvVar[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Pod {
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
  readonly containers: readonly [Container];
  readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly defaultMode: number } }[];
}

export interface Workload {
  readonly kind: 'StatefulSet' | 'Deployment';
  readonly metadata: { readonly name: string };
  readonly spec: { readonly replicas: number; readonly template: { readonly spec: Pod } };
}

export interface KubeService {
  readonly kind: 'Service';
  readonly metadata: { readonly name: string };
  readonly spec: { readonly ports: readonly { readonly port: number; readonly targetPort?: string }[] };
}

export interface Kustomization {
  readonly resources: readonly string[];
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
  readonly configMapGenerator: readonly {
    readonly name: string;
    readonly files?: readonly string[];
    readonly literals?: readonly string[];
  }[];
}

export function text(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** With the password given and everything else left as it is by default. */
export function compose(): Compose {
  const env: Env = { CLUSTER_PASSWORD: PASSWORD };
  const filled = text('compose.yaml').replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_all, name: string, kind?: string, rest?: string) => env[name] ?? (kind === '-' ? (rest ?? '') : ''),
  );
  return parse(filled, { merge: true }) as Compose;
}

export function kustomization(folder: string): Kustomization {
  return parse(text(`${folder}/kustomization.yaml`)) as Kustomization;
}

/** Everything that `kubectl apply -k deploy/kubernetes` makes, by what the kustomizations list. */
export function manifests(folder = 'deploy/kubernetes'): (Workload | KubeService)[] {
  return kustomization(folder).resources.flatMap((resource) => {
    const file = path.join(folder, resource);
    if (!file.endsWith('.yaml')) return manifests(file);
    return parseAllDocuments(text(file)).map((document) => document.toJS() as Workload | KubeService);
  });
}

export function workload(name: string): Workload {
  const found = manifests().find((each) => 'template' in each.spec && each.metadata.name === name);
  if (!found) throw new Error(`There is no workload ${name}`);
  return found as Workload;
}

/** What `ENV` sets in the image. */
export function imageEnv(): Env {
  const instructions = text('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const pairs = instructions
    .filter((line) => line.startsWith('ENV '))
    .flatMap((line) => line.slice(4).trim().split(/\s+/));
  return fromPairs(pairs);
}

/** The settings of a replica in a pod; what comes from the cluster stands for itself. */
export function podEnv(): Env {
  const [{ env = [] }] = workload('fairsieve').spec.template.spec.containers;
  const literals = kustomization('deploy/kubernetes').configMapGenerator.flatMap(
    ({ literals: list }) => list ?? [],
  );
  const given: Record<string, string> = { ...imageEnv(), ...fromPairs(literals) };
  for (const { name, value } of env)
    given[name] =
      value?.replaceAll(/\$\((\w+)\)/g, (_all, other: string) => given[other] ?? '') ??
      FROM_CLUSTER[name] ??
      PASSWORD;
  return given;
}

function fromPairs(pairs: readonly string[]): Env {
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** The files of the repository that HAProxy is given by compose, in its order. */
export function balancerFiles(): string[] {
  const { command = [], volumes = [] } = compose().services.haproxy;
  const mounts = volumes.map((volume) => volume.split(':'));
  return command
    .filter((_, i) => command[i - 1] === '-f')
    .map((file) => mounts.find(([, inside]) => inside === file)?.[0] ?? file);
}
