#!/usr/bin/env python3
"""Writes a C++ source that holds files as bytes: embed.py NAME BASE OUT.cpp OUT.hpp FILE..."""
import os
import sys

name, base, out, header, *files = sys.argv[1:]

with open(header, "w", encoding="utf-8") as hpp:
    hpp.write(f"""#pragma once

#include <span>

#include "base/embedded.hpp"

namespace fabrica::embedded {{

std::span<EmbeddedFile const> {name}();

}}  // namespace fabrica::embedded
""")

with open(out, "w", encoding="utf-8") as cpp:
    cpp.write(f'#include "embedded/{name}.hpp"\n\n')
    for at, file in enumerate(files):
        path = os.path.abspath(file)
        cpp.write(f'asm(".section .rodata\\n.balign 16\\nfab_{name}_{at}:\\n.incbin \\"{path}\\"\\n'
                  f'fab_{name}_{at}_end:\\n.byte 0\\n.previous\\n");\n'
                  f'extern "C" char const fab_{name}_{at}[];\nextern "C" char const fab_{name}_{at}_end[];\n')
    cpp.write("\nnamespace fabrica::embedded {\n\n")
    cpp.write(f"std::span<EmbeddedFile const> {name}() {{\n  static EmbeddedFile const files[] = {{\n")
    for at, file in enumerate(files):
        relative = os.path.relpath(file, base)
        cpp.write(f'      {{"{relative}", {{fab_{name}_{at}, static_cast<std::size_t>(fab_{name}_{at}_end - fab_{name}_{at})}}}},\n')
    cpp.write("  };\n  return files;\n}\n\n}  // namespace fabrica::embedded\n")
