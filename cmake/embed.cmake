# SPDX-License-Identifier: Apache-2.0
# Files as data of a program, so that it needs no folder beside it. pl_embed() adds to a target the
# table NAME of struct pl_embedded that HEADER declares, ended by a row without a name; run as a
# script, this file writes that table.

function(pl_embed target header name folder pattern)
  set(out ${CMAKE_BINARY_DIR}/embedded/${name}.c)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/${pattern})
  add_custom_command(OUTPUT ${out} VERBATIM DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DHEADER=${header} -DNAME=${name} -DFOLDER=${folder}
            -DPATTERN=${pattern} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
  target_sources(${target} PRIVATE ${out})
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/${PATTERN})
  list(SORT files)
  set(rows "")
  foreach(file IN LISTS files)
    file(READ ${FOLDER}/${file} hex HEX)
    string(LENGTH "${hex}" n)
    math(EXPR n "${n} / 2")
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
    string(APPEND rows "    {\"${file}\", {\"${bytes}\", ${n}}},\n")
  endforeach()
  file(WRITE ${OUT} "/* made by cmake/embed.cmake */\n#include \"${HEADER}\"\n\n"
    "const struct pl_embedded ${NAME}[] = {\n${rows}    {0},\n};\n")
endif()
