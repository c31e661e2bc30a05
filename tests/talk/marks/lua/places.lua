-- SPDX-License-Identifier: Apache-2.0
-- Gates are written in many ways: "gate B12", "B-12", "b 12"; only an airport knows which there are.
local letters = { A = 20, B = 44, C = 9 }

return {
  gates = function(text, locale, folded)
    local found = {}
    local at = 1
    while at <= #text do
      local from, to, letter, number = string.find(text, "%f[%w]([A-Ca-c])[%- ]?(%d%d?)%f[%W]", at)
      if not from then break end
      letter = letter:upper()
      if tonumber(number) <= letters[letter] then
        found[#found + 1] = { from = from, to = to, value = letter .. tonumber(number) }
      end
      at = to + 1
    end
    return found
  end,

  -- What a function must not give: each value of the text is another mistake.
  odd = function(text, locale, folded)
    if folded:find("outside") then return { { from = 1, to = #text + 1, value = "x" } } end
    if folded:find("backwards") then return { { from = 3, to = 2, value = "x" } } end
    if folded:find("half") then return { { from = 1.5, to = 2, value = "x" } } end
    if folded:find("nothing") then return { { from = 1, to = 1, value = "" } } end
    if folded:find("crash") then error("broken") end
    if folded:find("forever") then while true do end end
    if folded:find("early") then return { { from = 0, to = 1, value = "x" } } end
    if folded:find("within") then return { { from = 2, to = 3, value = "x" } } end
    if folded:find("long one") then return { { from = 1, to = 1, value = ("x"):rep(201) } } end
    if folded:find("words") then return { { from = "one", to = 2, value = "x" } } end
    if folded:find("both") then
      return { { from = 1, to = 4, value = "odd thing" }, { from = 1, to = 99, value = "x" } }
    end
    if folded:find("overlapping") then
      return { { from = 1, to = 4, value = "the shorter" }, { from = 1, to = 11, value = "the longer" } }
    end
    if folded:find("many") then
      local all = {}
      for i = 1, 33 do all[i] = { from = 1, to = 1, value = "x" } end
      return all
    end
    if folded:find("fine") then return { { from = 1, to = 4, value = "odd thing" } } end
    return {}
  end,
}
