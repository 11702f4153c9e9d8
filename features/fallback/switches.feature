Feature: Fallback where till and host have agreed otherwise
  At home a fallback is 02 with 60.5 = 2; other schemes have an entry mode of their own for it.

  @FBK-003 @unionpay @host-control
  Scenario Outline: Where it is agreed so, by entry mode <entry>
    Given the host and its tills agree that "fallback_entry" is "<entry>"
    And Carol's chip is dead
    And till "T1" of "Noodle House" has signed in
    When Carol inserts her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    And Carol inserts her card again at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field        | value    |
      | entry_mode   | <entry>1 |
      | ic_condition | 2        |
    And Carol's card holds 990.00 CNY

    Examples:
      | entry |
      | 80    |
      | 90    |
