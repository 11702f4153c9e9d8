Feature: A stream has no message borders
  TCP cuts and joins as it likes. What works in the laboratory, where each message comes in one read, fails on a mobile
  network.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @WIR-001
  Scenario Outline: A sale that arrives <how>
    Given the line passes <what> in pieces of <size>
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

    Examples:
      | how                          | what                       | size     |
      | byte by byte                 | the 1st sale               | 1 byte   |
      | in pieces                    | the 1st sale               | 7 bytes  |
      | with its answer byte by byte | the answer to the 1st sale | 1 byte   |
      | with its answer in pieces    | the answer to the 1st sale | 50 bytes |

  @WIR-001
  Scenario: Two answers in one piece are two answers
    Given the line delivers the answer to the 1st sale twice in one piece
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code | note |
      | T1   | sale        | 2     |      |      |
      | host | sale answer | 2     | 00   |      |
      | host | sale answer | 2     | 00   | copy |
      | T1   | sale        | 3     |      |      |
      | host | sale answer | 3     | 00   |      |
    And Bob's card holds 4970.00 CNY

  @WIR-001
  Scenario: Two requests in one piece are two requests
    Given the line delivers the 1st sale twice in one piece
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code | note |
      | T1   | sale        | 2     |      |      |
      | T1   | sale        | 2     |      | copy |
      | host | sale answer | 2     | 00   |      |
      | host | sale answer | 2     | 94   |      |
    And Bob's card holds 4990.00 CNY
