// The examples of the READMEs, pasted into the folder that has nothing but the package.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { MockPool } from 'holysheep';
import { execute, succeeded } from './support.mjs';

const source = process.env.HOLYSHEEP_SOURCE;

// Where an example names endpoints of its own it is pointed at nothing that answers.
function examples(file) {
  const text = readFileSync(path.join(source, file), 'utf8');
  return [...text.matchAll(/^```(?:js|ts)\n(.*?)^```$/gms)].map((match) => match[1]);
}

for (const file of source ? ['README.md', 'README.ko.md', 'bindings/node/README.md'] : []) {
  const found = examples(file);
  test(`${file} has examples for Node`, () => assert.ok(found.length > 0));
  found.forEach((example, index) => {
    const first = example.split('\n').find((line) => line.includes('holysheep'));
    test(`${file}, example ${index + 1}: ${first}`, async () => {
      const mock = new MockPool();
      try {
        writeFileSync('pool.json', JSON.stringify(mock.config));
        const name = example.includes('require(') ? 'example.cjs' : 'example.mjs';
        writeFileSync(name, example);
        const env = { HOLYSHEEP_CONFIG: path.resolve('pool.json'), HOLYSHEEP_API_KEY: 'a-key' };
        const output = succeeded(await execute(process.execPath, [name], { env }));
        if (example.includes('console.log') && !example.includes('catch'))
          assert.notEqual(output, '');
        if (example.includes('message.content')) assert.match(output, /Hello from primary\./);
        if (example.includes('MockPool')) assert.match(output, /^backup-1\nhealthy 1\n$/);
      } finally {
        mock.close();
      }
    });
  });
}
