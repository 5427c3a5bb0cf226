/** The files that others run the App by. No container engine is here: they are linted, validated, and held to invariants. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, relative } from 'node:path';
import { validate } from 'dockerfile-utils';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../package.json' with { type: 'json' };
import { readConfig, variables } from '../app/config.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const known = new Set(variables.map(({ name }) => name));
const port = 3000;

it('the default port is the one that all of them name', () => {
  const privateKey = execFileSync('openssl', ['genrsa', '2048'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const config = readConfig({ APP_ID: '1', WEBHOOK_SECRET: '12345678', PRIVATE_KEY: privateKey.toString() });
  expect(config.port).toBe(port);
});

describe('Dockerfile', () => {
  const text = read('Dockerfile');
  const stages = text.split(/^(?=FROM )/m).slice(1);
  const last = stages.at(-1) ?? '';
  const instructions = last
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const argument = (name: string): string[] =>
    instructions
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1).trim());

  it('passes its linter', () => expect(validate(text).map(({ message }) => message)).toEqual([]));

  it('is built in stages on the Node that the tests run on', () => {
    expect(stages.length).toBeGreaterThan(1);
    for (const stage of stages)
      expect(stage).toMatch(new RegExp(`^FROM node:${packageJson.devDependencies.node}-`));
  });

  it('runs as a user that is not root, without npm, and hears SIGTERM itself', () => {
    const user = instructions.findLastIndex((line) => line.startsWith('USER '));
    expect(instructions[user]).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
    expect(instructions.slice(user).some((line) => /^(RUN|COPY|ADD) /.test(line))).toBe(false);
    expect(JSON.parse(argument('ENTRYPOINT')[0] ?? '')).toEqual(['node', 'app/cli/main.ts']);
    expect(JSON.parse(argument('CMD')[0] ?? '')).toEqual(['app']);
    expect(argument('EXPOSE')).toEqual([String(port)]);
  });

  it('sets only variables that exist, and no secret', () => {
    const names = argument('ENV').flatMap((line) =>
      [...line.matchAll(/(\w+)=/g)].map(([, name = '']) => name),
    );
    expect(names).toContain('PORT');
    expect(names.filter((name) => name !== 'NODE_ENV' && !known.has(name))).toEqual([]);
    expect(text).not.toMatch(/SECRET|PRIVATE_KEY|PASSWORD|TOKEN/);
  });

  it('asks for health where the App answers', () => {
    expect(last).toMatch(/HEALTHCHECK[^]*\/healthz`/);
    expect(read('app/doors/health.ts')).toContain(`'/healthz'`);
  });

  const copied = argument('COPY')
    .filter((line) => !line.startsWith('--from'))
    .flatMap((line) => line.split(' ').slice(0, -1));

  it('copies what is there and not ignored', () => {
    const allowed = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path);
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(allowed).toContain(path);
    }
  });

  it('holds every module that its processes import, and no package of development', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const walk = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = readFileSync(join(root, file), 'utf8');
      for (const [, kind = '', from = ''] of source.matchAll(
        /^(?:import|export)\s(type\s)?[^;]*?from '([^']+)'/gm,
      )) {
        if (kind !== '') continue;
        if (from.startsWith('.')) walk(normalize(join(dirname(file), from)));
        else
          packages.add(
            from
              .split('/')
              .slice(0, from.startsWith('@') ? 2 : 1)
              .join('/'),
          );
      }
      for (const [, from = ''] of source.matchAll(/import\('([^']+)'\)/g))
        if (from.startsWith('.')) walk(normalize(join(dirname(file), from)));
        else
          packages.add(
            from
              .split('/')
              .slice(0, from.startsWith('@') ? 2 : 1)
              .join('/'),
          );
    };
    for (const entry of [
      'app/cli/main.ts',
      'app/main.ts',
      'runner/main.ts',
      'runner/mcp-main.ts',
      ...globSync('db/migrations/*.ts', { cwd: root }),
    ])
      walk(entry);
    expect(seen.size).toBeGreaterThan(100);
    const outside = [...seen].filter(
      (file) => !copied.some((path) => file === path || file.startsWith(`${path}/`)),
    );
    expect(outside).toEqual([]);
    const ignored = [...seen].filter((file) => /\.test\.ts$|\/(fixtures|golden)\//.test(file));
    expect(ignored).toEqual([]);
    const builtin = new Set(builtinModules);
    const missing = [...packages].filter(
      (name) => !name.startsWith('node:') && !builtin.has(name) && !(name in packageJson.dependencies),
    );
    expect(missing).toEqual([]);
  });
});

type Compose = {
  services: Record<
    string,
    {
      image: string;
      environment: Record<string, string>;
      secrets: string[];
      volumes: string[];
      ports?: string[];
      healthcheck?: unknown;
      depends_on?: Record<string, { condition: string }>;
      user?: string;
      privileged?: boolean;
      read_only?: boolean;
      cap_drop?: string[];
      security_opt?: string[];
      stop_grace_period: string;
    }
  >;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
};

describe('compose.yaml', () => {
  const { services, secrets, volumes } = parse(read('compose.yaml')) as Compose;
  const app = services['app']!;
  const database = services['database']!;

  it('gives the App variables that exist, and every secret as a file', () => {
    expect(Object.keys(app.environment).filter((name) => !known.has(name))).toEqual([]);
    for (const { environment, secrets: used } of Object.values(services)) {
      const paths = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'));
      expect(paths.map((path) => path.replace('/run/secrets/', '')).toSorted()).toEqual(used.toSorted());
      expect(Object.keys(environment).filter((name) => /PASSWORD$|SECRET$|URL$/.test(name))).toEqual([]);
      for (const name of used) expect(secrets).toHaveProperty(name);
    }
  });

  it('starts the App after its database, and reaches it from this machine alone', () => {
    expect(app.depends_on).toEqual({ database: { condition: 'service_healthy' } });
    expect(database.healthcheck).toBeDefined();
    expect(database.ports).toBeUndefined();
    expect(app.ports).toEqual([`127.0.0.1:${port}:${port}`]);
  });

  it('keeps what must be kept, and gives the App no right that it can do without', () => {
    expect(Number(/^postgres:(\d+)$/.exec(database.image)?.[1])).toBeGreaterThanOrEqual(18);
    expect(database.volumes).toEqual(['database:/var/lib/postgresql']);
    expect(app.volumes).toEqual([`cache:${/ENTOURAGE_DIR=(\S+)/.exec(read('Dockerfile'))?.[1]}`]);
    expect(Object.keys(volumes)).toEqual(['cache', 'database']);
    expect(app).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(app.user).toMatch(/:-[1-9]\d*:[1-9]\d*\}$/);
    expect([app.privileged, database.privileged]).toEqual([undefined, undefined]);
  });
});

describe('Kubernetes', () => {
  const folder = 'docs/deploy/kubernetes';
  const load = <T>(name: string): T => parse(read(`${folder}/${name}`)) as T;
  type Given = ConstructorParameters<typeof Deployment>[0];
  const deployment = new Deployment(load<Given>('deployment.yaml'));
  const pod = deployment.spec!.template.spec!;
  const container = pod.containers[0]!;
  const kustomization = load<{ resources: string[]; images: { name: string }[]; namespace: string }>(
    'kustomization.yaml',
  );

  it('has only manifests that Kubernetes’ own schemas take', () => {
    deployment.validate();
    new Service(load('service.yaml')).validate();
    new PodDisruptionBudget(load('pod-disruption-budget.yaml')).validate();
    new NetworkPolicy(load('network-policy.yaml')).validate();
    new Namespace(load('namespace.yaml')).validate();
    new Secret(load('secret.example.yaml')).validate();
    expect(() =>
      new Deployment({ ...load<object>('deployment.yaml'), spec: {} } as Given).validate(),
    ).toThrow();
  });

  it('names all of them, and nothing that is not there', () => {
    const files = readdirSync(join(root, folder)).filter((name) => !/^kustomization|example/.test(name));
    expect(kustomization.resources.toSorted()).toEqual(files.toSorted());
    expect(kustomization.images.map(({ name }) => name)).toEqual([container.image]);
    const namespace = load<{ metadata: { name: string } }>('namespace.yaml');
    expect(kustomization.namespace).toBe(namespace.metadata.name);
  });

  it('selects the same pods everywhere', () => {
    const labels = deployment.spec!.template.metadata!.labels;
    expect(deployment.spec!.selector.matchLabels).toEqual(labels);
    expect(load<{ spec: { selector: unknown } }>('service.yaml').spec.selector).toEqual(labels);
    const budget = load<{ spec: { selector: { matchLabels: unknown }; minAvailable: number } }>(
      'pod-disruption-budget.yaml',
    );
    expect(budget.spec.selector.matchLabels).toEqual(labels);
    const policy = load<{
      spec: { podSelector: { matchLabels: unknown }; ingress: { ports: { port: number }[] }[] };
    }>('network-policy.yaml');
    expect(policy.spec.podSelector.matchLabels).toEqual(labels);
    expect(policy.spec.ingress[0]?.ports[0]?.port).toBe(port);
    expect(deployment.spec!.replicas).toBeGreaterThan(budget.spec.minAvailable);
  });

  it('gives the App variables that exist, from keys that the secret has', () => {
    const environment = container.env ?? [];
    expect(environment.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
    const keys = Object.keys(load<{ stringData: object }>('secret.example.yaml').stringData);
    const mounted = container.volumeMounts?.find(({ name }) => name === 'secrets')?.mountPath ?? '';
    const used = environment.flatMap(({ value, valueFrom }) => [
      ...(valueFrom?.secretKeyRef === undefined ? [] : [valueFrom.secretKeyRef.key]),
      ...(value?.startsWith(mounted) === true ? [relative(mounted, value)] : []),
    ]);
    expect(used.toSorted()).toEqual(keys.toSorted());
    expect(container.volumeMounts?.map(({ mountPath }) => mountPath)).toContain(
      /ENTOURAGE_DIR=(\S+)/.exec(read('Dockerfile'))?.[1],
    );
  });

  it('keeps to the restricted standard, and asks for health where the App answers', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container.ports?.[0]).toMatchObject({ name: 'http', containerPort: port });
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 'http' });
    expect(container.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'http' });
  });
});

describe('systemd', () => {
  const text = read('docs/deploy/systemd/entourage.service');
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';

  it('starts node itself, with variables that exist and credentials that systemd loads', () => {
    const [program, ...words] = value('ExecStart').split(' ');
    expect(program).toBe('/usr/bin/env');
    const given = words.filter((word) => word.includes('='));
    expect(words.slice(given.length)).toEqual(['/usr/bin/node', 'app/cli/main.ts', 'app']);
    expect(given.map((word) => word.split('=')[0]).filter((name) => !known.has(name ?? ''))).toEqual([]);
    const loaded = [...text.matchAll(/^LoadCredential=([\w-]+):/gm)].map(([, name]) => `%d/${name}`);
    expect(given.map((word) => word.split('=')[1]).filter((path) => path?.startsWith('%d/'))).toEqual(loaded);
    expect(text).not.toMatch(/^(?:Environment=|User=root)/m);
  });

  it('waits for an orderly end, and keeps the App in a small room', () => {
    expect(value('KillMode')).toBe('mixed');
    expect(value('DynamicUser')).toBe('yes');
    expect(value('ProtectSystem')).toBe('strict');
    expect(value('CapabilityBoundingSet')).toBe('');
    expect(value('NoNewPrivileges')).toBe('yes');
  });

  it('has only settings that systemd knows, where there is one to ask', () => {
    const { error, status, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', join(root, 'docs/deploy/systemd/entourage.service')],
      {
        encoding: 'utf8',
      },
    );
    // Elsewhere the two tests above are all there is; docs/operating.md says so.
    if (error === undefined)
      expect([status, stderr.replaceAll(/.*Command \/\S+ is not executable.*\n/g, '')]).toEqual([0, '']);
    else expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
  });
});
