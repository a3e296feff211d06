/** Compiles the kernel once; every thread makes its own `Kernel` from the module, which can be posted to workers. */
import type { Kernel } from './kernel.ts';
import { PLATFORM } from './platform.ts';
import { WasmKernel } from './wasm-kernel.ts';

/** The build for this platform, as scripts/build-kernel.mjs leaves it. */
export function loadKernelModule(): Promise<WebAssembly.Module> {
  return PLATFORM.loadModule();
}

/** About 0.2 ms and 1 MiB; once per thread. `shared` says which of the two builds the module is. */
export function createKernel(module: WebAssembly.Module, shared = PLATFORM.sharedMemory): Kernel {
  return new WasmKernel(module, shared, PLATFORM.threadCpuMs);
}
