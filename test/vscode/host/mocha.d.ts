/** The little of mocha that the tests use; its own types are a package more. */
declare module 'mocha' {
  export default class Mocha {
    constructor(options: { ui: 'bdd'; timeout: number; reporter: string });
    readonly suite: { emit(event: 'pre-require', context: unknown, file: string, mocha: Mocha): void };
    run(done: (failures: number) => void): {
      on(event: string, listener: (test: { fullTitle(): string }, error?: Error) => void): void;
    };
  }
}

declare function describe(title: string, suite: () => void): void;
declare function it(title: string, test: () => Promise<void> | void): void;
declare function before(hook: () => Promise<void> | void): void;
declare function after(hook: () => Promise<void> | void): void;
declare function afterEach(hook: () => Promise<void> | void): void;
