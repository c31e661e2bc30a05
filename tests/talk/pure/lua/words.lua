-- SPDX-License-Identifier: Apache-2.0
-- Pure hooks: a talk runs them unless it has a line for them.

return {
  shout = function(text)
    if text == "" then return fail("nothing_to_say") end
    return string.upper(text) .. "!"
  end,
  count = function(text)
    if #text < 3 then return fail("too_short") end
    if text == "four" then return "four" end
    return #text
  end,
}
