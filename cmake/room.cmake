# SPDX-License-Identifier: Apache-2.0
# What a room is to the build: an object of its own sources, linked to exactly its listed rooms.

find_package(Threads REQUIRED)
add_library(pl_flags INTERFACE)
target_include_directories(pl_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(pl_flags INTERFACE _GNU_SOURCE PL_VERSION_TEXT="${PROJECT_VERSION}")
target_compile_options(pl_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Werror
  -fno-omit-frame-pointer -fstack-protector-strong)
target_link_libraries(pl_flags INTERFACE Threads::Threads m)
if(PL_SANITIZE)
  target_compile_options(pl_flags INTERFACE -fsanitize=${PL_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(pl_flags INTERFACE -fsanitize=${PL_SANITIZE})
  find_program(PL_GOLD ld.gold) # of binutils: links the many programs of the tests in half the time
  if(PL_GOLD AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_link_options(pl_flags INTERFACE -fuse-ld=gold)
  endif()
endif()
if(PL_FUZZ)
  target_compile_options(pl_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PL_COVERAGE)
  target_compile_options(pl_flags INTERFACE --coverage)
  target_link_options(pl_flags INTERFACE --coverage)
endif()

set_property(GLOBAL PROPERTY PL_ROOM_LIST "")

# pl_room(path floor includes outside link): one line of the room table.
function(pl_room path floor includes outside link)
  get_filename_component(name ${path} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.c)
  set_property(GLOBAL APPEND PROPERTY PL_ROOM_LIST ${name})
  if(sources)
    add_library(room_${name} STATIC ${sources})
    set(kind PUBLIC)
  else()
    add_library(room_${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_link_libraries(room_${name} ${kind} pl_flags)
  foreach(r IN LISTS includes)
    target_link_libraries(room_${name} ${kind} room_${r})
  endforeach()
  foreach(l IN LISTS link)
    target_link_libraries(room_${name} ${kind} ${l})
  endforeach()
  if(name STREQUAL "hooks")
    target_include_directories(room_${name} ${kind} /usr/include/lua5.4)
  endif()
endfunction()

# Nothing left to do once every line has been read; kept apart so that the table stays plain.
function(pl_rooms_link)
endfunction()
