# SPDX-License-Identifier: Apache-2.0
# Tests are found, not listed: tests/unit/<room>/<name>_test.c is a cmocka program linked to that
# room; tests/<kind>/CMakeLists.txt adds whatever else a kind of test needs.

file(GLOB unit_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/*/*_test.c)
foreach(source IN LISTS unit_tests)
  get_filename_component(stem ${source} NAME_WE)
  get_filename_component(dir ${source} DIRECTORY)
  get_filename_component(room ${dir} NAME)
  add_executable(unit_${room}_${stem} ${source})
  target_link_libraries(unit_${room}_${stem} PRIVATE room_${room} test_client cmocka)
  if(EXISTS ${dir}/rig.c) # what the tests of a room share
    target_sources(unit_${room}_${stem} PRIVATE ${dir}/rig.c)
  endif()
  if(room STREQUAL llm)
    target_link_libraries(unit_${room}_${stem} PRIVATE test_provider)
  endif()
  add_test(NAME unit/${room}/${stem} COMMAND unit_${room}_${stem}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(unit/${room}/${stem} PROPERTIES TIMEOUT 120)
endforeach()

# Its timers are a fifth of the defaults: beside other tests they fire for targets that are well.
set_tests_properties(unit/llm/outage_test PROPERTIES RUN_SERIAL ON)

# A fuzz entry tests/fuzz/<room>_<door>_fuzz.c defines LLVMFuzzerTestOneInput. With PL_FUZZ it is a
# libFuzzer program of the target `fuzzers`; without, it replays its seeds: the folder
# tests/fuzz/corpus/<room>_<door>/ with what was found once, and those named here. With
# PL_FUZZ_SECONDS the programs of build/fuzz run for so long as tests fuzz/run/<room>_<door>; what
# breaks one is kept in build/fuzz/found. What the program fuzz_seeds writes has the present formats.
set(PL_FUZZ_SECONDS 0 CACHE STRING "seconds for each fuzz entry of build/fuzz; 0: not run")
set(fuzz_build ${CMAKE_SOURCE_DIR}/build/fuzz)
set(fuzz_made ${CMAKE_BINARY_DIR}/fuzz_seeds)
set(fuzz_tests ${CMAKE_SOURCE_DIR}/tests)
set(fuzz_seeds_grammar_lex ${fuzz_tests}/lang/syntax ${fuzz_tests}/lang/examples)
set(fuzz_seeds_grammar_parse ${fuzz_tests}/lang/syntax ${fuzz_tests}/lang/examples)
set(fuzz_seeds_grammar_format ${fuzz_tests}/lang/syntax ${fuzz_tests}/lang/examples ${fuzz_tests}/golden/format)
set(fuzz_seeds_grammar_talk ${fuzz_tests}/talk/design ${fuzz_tests}/talk/failing ${fuzz_tests}/golden/format)
set(fuzz_seeds_grammar_check ${fuzz_tests}/lang/program ${fuzz_tests}/vm/plays)
foreach(door nlp_model program_image vm_image vm_state vm_event)
  set(fuzz_seeds_${door} ${fuzz_made}/${door})
endforeach()
if(PL_FUZZ)
  add_custom_target(fuzzers)
elseif(TARGET room_grammar AND TARGET room_vm AND TARGET room_nlp)
  add_executable(fuzz_make_seeds ${CMAKE_SOURCE_DIR}/tests/fuzz/seeds.c)
  target_link_libraries(fuzz_make_seeds PRIVATE room_grammar room_vm room_nlp)
  add_test(NAME fuzz/seeds COMMAND fuzz_make_seeds ${fuzz_tests}/lang/base.flow ${fuzz_tests}/lang/program
                                   ${fuzz_tests}/vm/plays ${fuzz_made})
  set_tests_properties(fuzz/seeds PROPERTIES TIMEOUT 60 FIXTURES_SETUP fuzz_seeds)
endif()
file(GLOB fuzz_entries CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
foreach(source IN LISTS fuzz_entries)
  get_filename_component(stem ${source} NAME_WE)
  string(REGEX REPLACE "_.*" "" room ${stem})
  string(REGEX REPLACE "_fuzz$" "" door ${stem})
  set(fuzz_folders ${fuzz_seeds_${door}})
  if(EXISTS ${fuzz_tests}/fuzz/corpus/${door})
    list(APPEND fuzz_folders ${fuzz_tests}/fuzz/corpus/${door})
  endif()
  if(PL_FUZZ)
    add_executable(${stem} ${source})
    if(room STREQUAL grammar)
      target_sources(${stem} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/lines.c)
    endif()
    target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${stem})
  else()
    add_executable(${stem} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME fuzz/${door} COMMAND ${stem} ${fuzz_folders})
    set_tests_properties(fuzz/${door} PROPERTIES TIMEOUT 120 FIXTURES_REQUIRED fuzz_seeds)
    if(PL_FUZZ_SECONDS GREATER 0)
      file(MAKE_DIRECTORY ${fuzz_build}/found ${fuzz_build}/corpus/${door})
      math(EXPR fuzz_most "${PL_FUZZ_SECONDS} + 120")
      add_test(NAME fuzz/run/${door}
               COMMAND nice -n 15 # tests with deadlines run beside it
                       ${fuzz_build}/${stem} -seed=1 -max_total_time=${PL_FUZZ_SECONDS} -timeout=20
                       -max_len=32768 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
                       -artifact_prefix=${fuzz_build}/found/${door}-
                       ${fuzz_build}/corpus/${door} ${fuzz_folders})
      set_tests_properties(fuzz/run/${door} PROPERTIES TIMEOUT ${fuzz_most} LABELS fuzz FIXTURES_REQUIRED fuzz_seeds)
    endif()
  endif()
  target_compile_definitions(${stem} PRIVATE FUZZ_BASE="${fuzz_tests}/lang/base.flow")
  target_link_libraries(${stem} PRIVATE room_${room})
endforeach()

foreach(kind rooms lang vm diff engine answer talk golden replay kill net power fault privacy web load docs cli hooks lsp explore)
  if(NOT kind STREQUAL load AND EXISTS ${CMAKE_SOURCE_DIR}/tests/${kind}/CMakeLists.txt)
    add_subdirectory(${CMAKE_SOURCE_DIR}/tests/${kind})
  endif()
endforeach()
