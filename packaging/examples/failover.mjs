// A pool whose first endpoint is rate limited, from Node: the call does not notice.
//
//   npm install holysheep && node failover.mjs
import { HolySheepClient, MockPool } from 'holysheep';

// Two fake endpoints on this machine; with endpoints of your own leave these lines out.
const pool = new MockPool([
  { name: 'primary', replies: [{ status: 429, headers: { 'Retry-After': '30' } }] },
  { name: 'backup-1' },
]);
const client = new HolySheepClient({ config: pool.config });

const completion = await client.chat.completions.create({
  model: 'gpt-4.1',
  messages: [{ role: 'user', content: 'Say hello' }],
});
const { endpoint, attempts, trace } = completion._holysheep;
console.log(`Node: "${completion.choices[0].message.content}" in ${attempts} attempts`);
for (const line of trace) console.log(`  ${line.endpoint}: ${line.status} ${line.verdict}`);
console.log(`  answered by ${endpoint}; primary is ${client.pool[0].status}`);

await client.close();
pool.close();
