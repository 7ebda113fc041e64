/** CPUID features under their SDM names where the machine's differ; elsewhere the SDM's in lower case. */
const SDM_NAMES: Readonly<Record<string, string>> = {
  cet_ss: 'shstk',
  cet_ibt: 'ibt',
  execute_disable: 'nx',
  page1gb: 'pdpe1gb',
  intel64: 'lm',
  lzcnt: 'abm',
};

/** Feature switches by the machine's names; case does not matter, SDM names are understood. */
export function machineFeatures(features: Readonly<Record<string, boolean>>): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(features).map(([name, on]) => {
      const lower = name.toLowerCase();
      return [SDM_NAMES[lower] ?? lower, on];
    }),
  );
}
