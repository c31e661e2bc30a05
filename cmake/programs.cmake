# SPDX-License-Identifier: Apache-2.0
# The programs: the one binary, and the small servers and clients that stand outside the floors.

include(cmake/embed.cmake)
# The prelude, for projects that bring none of their own.
set(compile_priv tools/compile/compile_priv.h)
pl_embed(room_compile ${compile_priv} pl_compile__prelude_flows ${CMAKE_SOURCE_DIR}/flows/prelude *.flow)
pl_embed(room_compile ${compile_priv} pl_compile__prelude_catalogs ${CMAKE_SOURCE_DIR}/i18n *.arb)
pl_embed(room_compile ${compile_priv} pl_compile__prelude_prompts ${CMAKE_SOURCE_DIR}/flows/prelude/prompts *.md)
pl_embed(room_compile ${compile_priv} pl_compile__prelude_lua ${CMAKE_SOURCE_DIR}/lua auth.lua)

if(EXISTS ${CMAKE_SOURCE_DIR}/tools/cli/main.c)
  pl_embed(room_cli tools/cli/cli_files_priv.h pl_cli__pages ${CMAKE_SOURCE_DIR}/docs/diagnostics P*.md)
  pl_embed(room_cli tools/cli/cli_files_priv.h pl_cli__project ${CMAKE_SOURCE_DIR}/tools/cli/new *)
  add_executable(parlance tools/cli/main.c)
  target_link_libraries(parlance PRIVATE room_cli)
endif()

file(GLOB demoshop_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/demoshop/*.c)
if(demoshop_sources)
  add_executable(demoshop ${demoshop_sources})
  target_link_libraries(demoshop PRIVATE room_base room_value)
endif()

add_subdirectory(tests/client)
add_subdirectory(tests/provider)
if(EXISTS ${CMAKE_SOURCE_DIR}/tests/load/CMakeLists.txt)
  add_subdirectory(tests/load)
endif()
add_subdirectory(tests/kb)
add_subdirectory(tests/nlu)
# The shipped models of runtime/nlp/data as bytes of the program, and what trains them from a folder
# of texts that no build needs.
set(nlp_data ${CMAKE_SOURCE_DIR}/runtime/nlp/data)
set_source_files_properties(${CMAKE_SOURCE_DIR}/runtime/nlp/nlp_data.c PROPERTIES
  COMPILE_DEFINITIONS PL_NLP_DATA="${nlp_data}"
  OBJECT_DEPENDS "${nlp_data}/language.model;${nlp_data}/sentiment.model")
add_executable(train_language EXCLUDE_FROM_ALL tests/nlu/train/language.c)
target_link_libraries(train_language PRIVATE room_nlp)
add_executable(train_sentiment EXCLUDE_FROM_ALL tests/nlu/train/sentiment.c)
target_link_libraries(train_sentiment PRIVATE room_nlp)
