-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A failure with a name that is none.

return {
  run = function()
    return fail("no such\nfailure")
  end,
}
