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
  add_test(NAME unit/${room}/${stem} COMMAND unit_${room}_${stem}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(unit/${room}/${stem} PROPERTIES TIMEOUT 120)
endforeach()

# A fuzz entry tests/fuzz/<room>_<door>_fuzz.c defines LLVMFuzzerTestOneInput. With PL_FUZZ it is a
# libFuzzer program of the target `fuzzers`; without, it replays its corpus folder
# tests/fuzz/corpus/<room>_<door>/. With PL_FUZZ_SECONDS the programs of build/fuzz run for so long
# as tests fuzz/run/<room>_<door>; what breaks one is kept in build/fuzz/found.
set(PL_FUZZ_SECONDS 0 CACHE STRING "seconds for each fuzz entry of build/fuzz; 0: not run")
set(fuzz_build ${CMAKE_SOURCE_DIR}/build/fuzz)
if(PL_FUZZ)
  add_custom_target(fuzzers)
endif()
file(GLOB fuzz_entries CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
foreach(source IN LISTS fuzz_entries)
  get_filename_component(stem ${source} NAME_WE)
  string(REGEX REPLACE "_.*" "" room ${stem})
  string(REGEX REPLACE "_fuzz$" "" door ${stem})
  if(PL_FUZZ)
    add_executable(${stem} ${source})
    target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${stem})
  else()
    add_executable(${stem} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME fuzz/${door} COMMAND ${stem} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${door})
    set_tests_properties(fuzz/${door} PROPERTIES TIMEOUT 120)
    if(PL_FUZZ_SECONDS GREATER 0)
      file(MAKE_DIRECTORY ${fuzz_build}/found ${fuzz_build}/corpus/${door})
      math(EXPR fuzz_most "${PL_FUZZ_SECONDS} + 120")
      add_test(NAME fuzz/run/${door}
               COMMAND nice -n 15 # tests with deadlines run beside it
                       ${fuzz_build}/${stem} -seed=1 -max_total_time=${PL_FUZZ_SECONDS} -timeout=20
                       -max_len=16384 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
                       -artifact_prefix=${fuzz_build}/found/${door}-
                       ${fuzz_build}/corpus/${door} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${door})
      set_tests_properties(fuzz/run/${door} PROPERTIES TIMEOUT ${fuzz_most} LABELS fuzz)
    endif()
  endif()
  target_link_libraries(${stem} PRIVATE room_${room})
endforeach()

foreach(kind rooms lang vm engine talk golden replay kill web load docs cli hooks)
  if(NOT kind STREQUAL load AND EXISTS ${CMAKE_SOURCE_DIR}/tests/${kind}/CMakeLists.txt)
    add_subdirectory(${CMAKE_SOURCE_DIR}/tests/${kind})
  endif()
endforeach()
