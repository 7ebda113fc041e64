/** Remakes data/fuzz.bin.gz: `npx tsx test/conformance/fuzz/record.ts PATH/TO/bochs`. */
import { runInBochs } from './bochsMachine.ts';
import { Generator } from './generate.ts';
import { CASES, digestOf, SEED, SETTINGS, writeRecorded } from './recorded.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('The path of Bochs is missing.');
const list = [];
for (const setting of SETTINGS) {
  const batch = new Generator(setting, SEED).batch(0, CASES);
  list.push({ digest: digestOf(batch), outcomes: await runInBochs(path, batch) });
  console.log(`mode ${setting.mode}, ring ${setting.cpl}: ${CASES} cases`);
}
writeRecorded(list);
